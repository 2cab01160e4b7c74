#include "api/framing.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kLongestTarget = 16U << 10U;

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

bool is_letter(char letter) {
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'z';
}

bool is_of_host(char letter) {
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=%";
    return is_letter(letter) || is_digit(letter) || kOthers.find(letter) != std::string_view::npos;
}

bool is_of_literal(char letter) {
    return is_of_host(letter) || letter == ':';
}

Response bad(std::string_view message) {
    return refusal(400, Error{ErrorKind::kInvalidRequest, std::string(message), ""});
}

/// The codings of all Transfer-Encoding headers, in lower case and in their order.
std::vector<std::string> codings_of(const HeaderParser::value_type& message) {
    std::vector<std::string> codings;
    const auto [begin, end] = message.equal_range(http::field::transfer_encoding);
    for (auto field = begin; field != end; ++field) {
        for (const auto& piece : split(to_lower(std::string_view(field->value())), ',')) {
            if (const auto coding = trimmed(piece); !coding.empty()) codings.emplace_back(coding);
        }
    }
    return codings;
}

std::optional<Response> check_coding(const HeaderParser& parser) {
    const auto& message = parser.get();
    if (message.count(http::field::transfer_encoding) == 0) return std::nullopt;
    if (message.version() < 11) return bad("HTTP/1.0 knows no Transfer-Encoding");
    if (message.count(http::field::content_length) > 0) {
        return bad("send Content-Length or Transfer-Encoding, not both");
    }
    const auto codings = codings_of(message);
    const auto chunks = std::ranges::count(codings, "chunked");
    if (chunks != 1 || codings.back() != "chunked") {
        return bad("the last Transfer-Encoding of a request must be chunked, once");
    }
    if (codings.size() > 1) {
        return refusal(
            501,
            Error{
                ErrorKind::kInvalidRequest,
                fmt::format(
                    "the Transfer-Encoding {} is not known here: send chunked",
                    valid_utf8(codings.front())
                ),
                ""
            }
        );
    }
    // The library must have read it as we did.
    if (!parser.chunked()) return bad("this Transfer-Encoding cannot be read");
    return std::nullopt;
}

/// Whether a request's line ends like HTTP's of some version.
bool names_version(std::string_view unread) {
    constexpr std::string_view kPattern = " HTTP/d.d";
    const auto line = unread.substr(0, unread.find("\r\n"));
    if (line.size() < kPattern.size()) return false;
    return std::ranges::equal(
        line.substr(line.size() - kPattern.size()), kPattern,
        [](char letter, char wanted) { return wanted == 'd' ? is_digit(letter) : letter == wanted; }
    );
}

}  // namespace

bool is_host(std::string_view text) {
    const bool is_literal = text.starts_with('[');
    const auto end = is_literal ? text.find(']') : std::min(text.find(':'), text.size());
    if (end == std::string_view::npos) return false;
    const auto host = is_literal ? text.substr(1, end - 1) : text.substr(0, end);
    const auto port = text.substr(end + (is_literal ? 1 : 0));
    if (is_literal && host.empty()) return false;
    if (!std::ranges::all_of(host, is_literal ? is_of_literal : is_of_host)) return false;
    return port.empty() || (port.starts_with(':') && port.size() <= 6 &&
                            std::ranges::all_of(port.substr(1), is_digit));
}

std::optional<Response> check_framing(const HeaderParser& parser) {
    const auto& message = parser.get();
    const auto hosts = message.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return bad("send one Host header");
    if (!is_host(std::string_view(message[http::field::host]))) {
        return bad("Host must be a host's name or address, with or without a port");
    }
    if (message.target().size() > kLongestTarget) {
        return refusal(
            414,
            Error{
                ErrorKind::kInvalidRequest,
                fmt::format("the request's address is longer than {} bytes", kLongestTarget), ""
            }
        );
    }
    return check_coding(parser);
}

Response header_refusal(
    const beast::error_code& code, const HeaderParser& parser, std::string_view unread
) {
    if (code == http::error::header_limit) {
        const bool is_line = parser.get().target().empty();
        return is_line
                   ? refusal(
                         414,
                         Error{ErrorKind::kInvalidRequest, "the request's address is too long", ""}
                     )
                   : refusal(
                         431,
                         Error{ErrorKind::kInvalidRequest, "the request's header is too large", ""}
                     );
    }
    if (code == http::error::bad_version && names_version(unread)) {
        return refusal(505, Error{ErrorKind::kInvalidRequest, "this server speaks HTTP/1.1", ""});
    }
    return bad("this is not an HTTP/1.1 request");
}

}  // namespace ittybit::api
