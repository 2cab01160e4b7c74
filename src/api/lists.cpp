// What all lists share: reading the query, and the headers of the answer.

#include <algorithm>

#include <fmt/format.h>

#include "api/handlers.h"
#include "base/ids.h"
#include "base/text.h"
#include "model/order.h"

namespace ittybit::api {
namespace {

Error bad(std::string_view name, std::string message) {
    return {ErrorKind::kInvalidRequest, std::move(message), std::string(name)};
}

Result<int> read_limit(const std::string& text) {
    const auto limit = whole_number<int>(text);
    if (limit && *limit >= 1 && *limit <= 100) return *limit;
    return bad("limit", fmt::format("limit must be between 1 and 100, not {}", text));
}

Result<UnixMillis> read_moment(const std::string& name, const std::string& text) {
    const auto moment = whole_number<UnixMillis>(text);
    if (moment && *moment >= 0) return *moment;
    return bad(name, fmt::format("{} must be Unix milliseconds, not {}", name, text));
}

/// The job whose files are wanted; of a standalone task, the hidden one.
Result<std::string> read_owner(const std::string& id) {
    if (is_id(id, "job")) return id;
    if (is_id(id, "task")) return leading_id(id, "job");
    return bad("job", fmt::format("job must be the id of a job or standalone task, not {}", id));
}

Result<std::string> read_role(const std::string& role) {
    if (role == "output" || role == "upload" || role == "import") return role;
    return bad("role", fmt::format("role must be output, upload or import, not {}", role));
}

constexpr std::string_view kMetadata = "metadata.";

Result<void> read_parameter(
    store::ListQuery& query, const std::string& name, const std::string& value
) {
    if (name == "limit") {
        query.limit = TRY(read_limit(value));
    } else if (name == "order") {
        if (value != "asc" && value != "desc") {
            return bad("order", fmt::format("order must be asc or desc, not {}", value));
        }
        query.is_descending = value == "desc";
    } else if (name == "after") {
        query.after = value;
    } else if (name == "before") {
        query.before = value;
    } else if (name == "kind") {
        query.kind = value;
    } else if (name == "status") {
        query.statuses = split(value, ',');
    } else if (name == "error") {
        query.error = value;
    } else if (name == "job") {
        query.job = TRY(read_owner(value));
    } else if (name == "role") {
        query.role = TRY(read_role(value));
    } else if (name == "created_after") {
        query.created_after = TRY(read_moment(name, value));
    } else if (name == "created_before") {
        query.created_before = TRY(read_moment(name, value));
    } else if (name.starts_with(kMetadata)) {
        query.metadata.emplace_back(name.substr(kMetadata.size()), value);
    } else {
        query.input = value;
    }
    return {};
}

template <typename Status>
std::vector<std::string> all_of(Status status) {
    std::vector<std::string> all;
    for (const auto& row : names(status)) all.emplace_back(row.name);
    return all;
}

std::vector<std::string> statuses_of(Filters filters) {
    if (filters == Filters::kTasks) return all_of(TaskStatus());
    if (filters == Filters::kJobs) return all_of(JobStatus());
    return {std::begin(store::kDeliveryStatuses), std::end(store::kDeliveryStatuses)};
}

Result<void> check_statuses(const std::vector<std::string>& statuses, Filters filters) {
    const auto known = statuses_of(filters);
    for (const auto& status : statuses) {
        if (std::ranges::find(known, status) != known.end()) continue;
        return bad(
            "status", fmt::format(
                          "status must be one of {}, or several with commas between, not {}",
                          join(known), status
                      )
        );
    }
    return {};
}

Result<void> check_error(const std::optional<std::string>& error) {
    if (!error || find_named<ErrorKind>(*error)) return {};
    return bad("error", fmt::format("there is no kind of error {}: see GET /openapi.json", *error));
}

Result<void> check_kind(const std::optional<std::string>& kind, Filters filters) {
    std::vector<std::string> known;
    for (const auto word : kKinds) {
        if (is_job_kind(word)) known.emplace_back(word);
    }
    if (filters == Filters::kTasks) {
        known = work_kinds();
    } else {
        known.emplace_back(kMultiKind);
    }
    if (!kind || std::ranges::find(known, *kind) != known.end()) return {};
    return bad("kind", fmt::format("kind must be one of {}, not {}", join(known), *kind));
}

}  // namespace

std::vector<std::string_view> query_of_lists() {
    return {
        "limit", "after", "before",        "order",          "kind",          "status",
        "input", "error", "created_after", "created_before", "metadata.NAME",
    };
}

Result<store::ListQuery> read_list_query(const Request& request, Filters filters) {
    store::ListQuery query;
    for (const auto& [name, value] : request.query) {
        TRY(read_parameter(query, name, value));
    }
    TRY(check_statuses(query.statuses, filters));
    TRY(check_error(query.error));
    TRY(check_kind(query.kind, filters));
    return query;
}

Response list_response(
    const Request& request,
    const Service& service,
    const store::ListQuery& query,
    json::array items,
    bool has_more,
    const std::string& last
) {
    auto response = json_response(200, std::move(items));
    // A page that was come to backwards always has the one that was come from behind it.
    const bool is_back = query.before && !query.after;
    if ((is_back || has_more) && !last.empty()) {
        std::string link = fmt::format("{}{}?", base_url(service, request), request.path);
        for (const auto& [name, value] : request.query) {
            if (name == "after" || name == "before") continue;
            link += fmt::format("{}={}&", name, percent_encode(value));
        }
        response.with(
            "Link", fmt::format("<{}after={}>; rel=\"next\"", link, percent_encode(last))
        );
    }
    response.with("Has-More", has_more ? "true" : "false");
    response.with("Limit", fmt::format("{}", query.limit));
    return response;
}

Result<> check_coding(const Request& request) {
    const auto coding = to_lower(request.header("Content-Encoding"));
    if (coding.empty() || coding == "identity") return {};
    return Error{
        ErrorKind::kUnsupportedMediaType, "send the body as it is, without a Content-Encoding",
        "Content-Encoding"
    };
}

Result<json::value> read_json_body(const Request& request) {
    const auto type = to_lower(request.header("Content-Type"));
    const auto essence = type.substr(0, type.find(';'));
    const bool is_json = essence.empty() || essence == "application/json" ||
                         essence.ends_with("+json") || essence == "text/plain" ||
                         essence == "application/x-www-form-urlencoded";  // what curl -d says
    if (!is_json) {
        return Error{
            ErrorKind::kUnsupportedMediaType, "send the body as Content-Type: application/json",
            "Content-Type"
        };
    }
    TRY(check_coding(request));
    return parse_json(request.body);
}

}  // namespace ittybit::api
