#pragma once

#include <optional>
#include <string_view>

#include "api/beast.h"
#include "api/http.h"

namespace ittybit::api {

/// What RFC 9112 wants of a request's header and the library lets pass: one Host that is one (3.2),
/// a target of at most 16 KiB, and a body whose length nobody in between could read otherwise
/// (6.1, 6.3). The refusal; the connection must end with it, since nobody knows where the next
/// request begins.
std::optional<Response> check_framing(const HeaderParser& parser);

/// The refusal of a header that could not be read: 414, 431, 505 or 400. `unread` is what the
/// parser has not taken.
Response header_refusal(
    const beast::error_code& code, const HeaderParser& parser, std::string_view unread
);

/// `host[:port]` as in RFC 3986 3.2.2, may be empty.
bool is_host(std::string_view text);

}  // namespace ittybit::api
