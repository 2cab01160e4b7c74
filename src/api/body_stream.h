#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "api/beast.h"
#include "base/result.h"

namespace ittybit::api {

/// A request's body, read piece by piece from the socket on the thread of whoever asks, while the
/// connection's coroutine waits. A client that sends next to nothing is given up.
class BodyStream {
public:
    /// Goes on where `parser` stopped, with what `buffer` holds already.
    BodyStream(
        tcp::socket& socket,
        beast::flat_buffer& buffer,
        HeaderParser&& parser,
        std::chrono::seconds patience
    );

    /// The next bytes; 0 at the end. The first call tells a client that waits for `100 Continue` to
    /// go on. Errors: `invalid_request`.
    Result<std::size_t> read(std::span<std::byte> out);

    /// Whether all of it was read: then the connection can be used again.
    bool is_done() const { return parser_.is_done(); }

private:
    Result<> receive();
    Result<> say_continue();

    tcp::socket& socket_;
    beast::flat_buffer& buffer_;
    http::request_parser<http::buffer_body> parser_;
    const std::chrono::seconds patience_;
    bool is_awaited_;  // the client sends nothing before it hears 100
    std::chrono::steady_clock::time_point deadline_;
    std::size_t since_deadline_ = 0;  // bytes received since it was set
};

}  // namespace ittybit::api
