#include "api/message.h"

#include <string>

namespace ittybit::api {
namespace {

/// The path and query of a target, which may also be an absolute URL (RFC 9112 3.2.2).
std::string_view origin_form(std::string_view target) {
    const auto scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos) return target;
    const auto slash = target.find('/', scheme + 3);
    return slash == std::string_view::npos ? "/" : target.substr(slash);
}

/// Small hexadecimal digits, not all of them 0.
bool is_trace_part(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
           text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

Request request_from(const HeaderParser::value_type& message) {
    Request request;
    request.method = std::string(message.method_string());
    const auto target = origin_form({message.target().data(), message.target().size()});
    const auto mark = target.find('?');
    request.path = std::string(target.substr(0, mark));
    if (mark != std::string_view::npos) request.query = read_query(target.substr(mark + 1));
    for (const auto& field : message) {
        request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    return request;
}

bool is_request_id(std::string_view name) {
    constexpr std::size_t kLongest = 128;
    constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:+/=@";
    return !name.empty() && name.size() <= kLongest &&
           name.find_first_not_of(kLetters) == std::string_view::npos;
}

std::string_view trace_of(std::string_view parent) {
    constexpr std::size_t kLength = 55;  // of version 00; later ones may go on behind a dash
    constexpr std::size_t kTrace = 3;
    constexpr std::size_t kParent = 36;
    const bool is_long_enough =
        parent.size() == kLength ||
        (parent.size() > kLength && parent[kLength] == '-' && !parent.starts_with("00"));
    if (!is_long_enough || parent.starts_with("ff")) return "";
    for (const auto dash : {kTrace - 1, kParent - 1, kLength - 3}) {
        if (parent[dash] != '-') return "";
    }
    const auto trace = parent.substr(kTrace, 32);
    return is_trace_part(trace) && is_trace_part(parent.substr(kParent, 16)) ? trace : "";
}

}  // namespace ittybit::api
