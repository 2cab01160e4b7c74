// HTTP requests, as far as reading them is ours: a line with method and target, header lines, an
// empty line, a body. What answers say of them must not break out of a header.
#include "api/forwarded.h"
#include "api/handlers.h"
#include "api/idempotency.h"
#include "api/range.h"
#include "base/fields_json.h"
#include "base/text.h"
#include "fuzz.h"
#include "model/read_order.h"
#include "net/url.h"

using namespace ittybit;

namespace {

api::Request read_request(std::string_view text) {
    api::Request request;
    auto [line, rest] = fuzz::cut_line(text);
    const auto space = line.find(' ');
    request.method = std::string(line.substr(0, space));
    const auto target = space == line.npos ? std::string_view("/") : line.substr(space + 1);
    const auto mark = target.find('?');
    request.path = std::string(target.substr(0, mark));
    if (mark != target.npos) request.query = api::read_query(target.substr(mark + 1));
    for (;;) {
        const auto [header, behind] = fuzz::cut_line(rest);
        rest = behind;
        if (header.empty()) break;
        const auto colon = header.find(':');
        if (colon == header.npos) continue;
        request.headers.push_back(
            {std::string(header.substr(0, colon)), std::string(header.substr(colon + 1))}
        );
    }
    request.body = std::string(rest);
    return request;
}

Result<> check_url(const std::string& url) {
    TRY(net::Url::parse(url));
    return {};
}

OrderRules rules(bool is_task, bool takes_paths) {
    return {
        .is_task = is_task,
        .takes_paths = takes_paths,
        .check_url = check_url,
        .find_connection = [](const std::optional<std::string>& name
                           ) { return Result<std::optional<std::string>>(name); },
    };
}

/// What is accepted is stored, and must come back from there as it was.
void read_body(const api::Request& request) {
    const auto body = api::read_json_body(request);
    if (!body) return;
    for (const auto& of : {rules(false, false), rules(true, false), rules(false, true)}) {
        const auto reading = read_order(*body, of);
        if (!reading) continue;
        if (!reading->problems.empty()) {
            const auto response = api::error_response(error_of(reading->problems));
            fuzz::must(response.status >= 400 && response.status < 500);
            fuzz::must(static_cast<bool>(parse_json(response.body)));
            continue;
        }
        fuzz::must(!reading->order.outputs.empty());
        const auto text = json_text(reading->order);
        const auto stored = parse_json(text, 2 * kDeepestJson);
        fuzz::must(static_cast<bool>(stored));
        Order back;
        Reader reader;
        reader.read(*stored, back);
        fuzz::must(reader.problems().empty() && json_text(back) == text);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto request = read_request(fuzz::text_of(data, size));
    for (const auto& [name, value] : request.query) {
        fuzz::must(valid_utf8(name) == name && valid_utf8(value) == value);
    }
    for (const auto filters : {api::Filters::kNone, api::Filters::kJobs, api::Filters::kTasks}) {
        const auto query = api::read_list_query(request, filters);
        if (query) fuzz::must(query->limit >= 1 && query->limit <= 100);
    }
    const auto key = api::idempotency_key(request);
    if (key && *key) fuzz::must((*key)->key.size() <= 255);
    for (const std::int64_t length : {std::int64_t{0}, std::int64_t{1000}, std::int64_t{1} << 50}) {
        const auto range = api::read_range(request.header("Range"), length);
        if (!range || range->from >= range->to) continue;
        fuzz::must(range->from >= 0 && range->to <= length);
    }
    const auto proxy = api::asio::ip::make_address("::1");
    const auto sender = api::sender_of(request, proxy, *api::TrustedProxies::read({"::/0"}));
    fuzz::must(sender.scheme == "http" || sender.scheme == "https");
    read_body(request);
    return 0;
}
