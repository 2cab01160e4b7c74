// What all lists share: reading the query, and the headers of the answer.

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/handlers.h"
#include "base/text.h"

namespace ittybit::api {
namespace {

Error bad(std::string_view name, std::string message) {
    return {"invalid_request", std::move(message), std::string(name)};
}

Result<int> read_limit(const std::string& text) {
    int limit = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, limit);
    if (code == std::errc() && stop == end && limit >= 1 && limit <= 100) return limit;
    return bad("limit", fmt::format("limit must be between 1 and 100, not {}", text));
}

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
        query.status = value;
    } else {
        query.input = value;
    }
    return {};
}

Result<void> check_filters(const store::ListQuery& query) {
    const bool is_status = !query.status || query.status == "waiting" ||
                           find_named<JobStatus>(*query.status).has_value();
    if (!is_status) {
        return bad(
            "status",
            "status must be one of queued, waiting, processing, succeeded, failed, cancelled"
        );
    }
    const bool is_kind = !query.kind || query.kind == "import" || query.kind == "export" ||
                         std::ranges::find(kKinds, *query.kind) != kKinds.end();
    if (!is_kind) return bad("kind", fmt::format("{} is no kind", *query.kind));
    return {};
}

}  // namespace

Result<store::ListQuery> read_list_query(
    const Request& request, std::initializer_list<std::string_view> filters
) {
    std::vector<std::string_view> known = {"limit", "after", "before", "order"};
    known.insert(known.end(), filters);
    store::ListQuery query;
    std::vector<std::string_view> seen;
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(known, name) == known.end()) {
            return bad(
                name, fmt::format(
                          "{} is no parameter here; the nearest is {}", name, nearest(name, known)
                      )
            );
        }
        if (std::ranges::find(seen, name) != seen.end()) {
            return bad(name, fmt::format("{} is given twice", name));
        }
        seen.push_back(name);
        TRY(read_parameter(query, name, value));
    }
    TRY(check_filters(query));
    return query;
}

Response list_response(
    const Request& request,
    const Service& service,
    const store::ListQuery& query,
    json::array items,
    bool has_more,
    const std::string& first,
    const std::string& last
) {
    const bool is_back = query.before && !query.after;
    auto response = json_response(200, std::move(items));
    const auto link = [&](std::string_view cursor, const std::string& id,
                          std::string_view relation) {
        std::string text = fmt::format("{}{}?", service.settings.public_url, request.path);
        for (const auto& [name, value] : request.query) {
            if (name == "after" || name == "before") continue;
            text += fmt::format("{}={}&", name, percent_encoded(value));
        }
        return fmt::format("<{}{}={}>; rel=\"{}\"", text, cursor, percent_encoded(id), relation);
    };
    if (is_back && !last.empty()) {
        response.with("Link", link("after", last, "next"));
    } else if (has_more) {
        response.with("Link", link("after", last, "next"));
    }
    static_cast<void>(first);
    response.with("Has-More", has_more ? "true" : "false");
    response.with("Limit", fmt::format("{}", query.limit));
    return response;
}

Result<json::value> read_json_body(const Request& request) {
    const auto type = to_lower(request.header("Content-Type"));
    const auto essence = type.substr(0, type.find(';'));
    const bool is_json = essence.empty() || essence == "application/json" ||
                         essence.ends_with("+json") || essence == "text/plain" ||
                         essence == "application/x-www-form-urlencoded";  // what curl -d says
    if (!is_json) {
        return Error{
            "unsupported_media_type", "send the body as Content-Type: application/json",
            "Content-Type"
        };
    }
    return parse_json(request.body);
}

}  // namespace ittybit::api
