#include "api/body_stream.h"

#include <poll.h>

namespace ittybit::api {
namespace {

constexpr std::size_t kPiece = 64U << 10U;
constexpr std::size_t kLongestFraming = 16U << 10U;  // of a chunk's size with what extends it

Error broken(const char* message) {
    return {ErrorKind::kInvalidRequest, message, ""};
}

}  // namespace

BodyStream::BodyStream(
    tcp::socket& socket,
    beast::flat_buffer& buffer,
    HeaderParser&& parser,
    std::chrono::seconds patience
)
    : socket_(socket),
      buffer_(buffer),
      parser_(std::move(parser)),
      patience_(patience),
      is_awaited_(beast::iequals(parser_.get()[http::field::expect], "100-continue")),
      deadline_(std::chrono::steady_clock::now() + patience) {
    parser_.body_limit(boost::none);
}

Result<std::size_t> BodyStream::read(std::span<std::byte> out) {
    if (is_awaited_) TRY(say_continue());
    auto& body = parser_.get().body();
    body.data = out.data();
    body.size = out.size();
    while (body.size == out.size() && !parser_.is_done()) {
        if (buffer_.size() == 0) TRY(receive());
        beast::error_code code;
        buffer_.consume(parser_.put(buffer_.data(), code));
        if (code == http::error::need_more) {
            if (buffer_.size() > kLongestFraming)
                return broken("a chunk of the body has more than 16 KiB around it");
            TRY(receive());
        } else if (code && code != http::error::need_buffer) {
            return broken("the body is not chunked as HTTP/1.1 wants it");
        }
    }
    return out.size() - body.size;
}

/// A client earns more time by every piece it sends, not by every byte.
Result<> BodyStream::receive() {
    using std::chrono::milliseconds;
    const auto now = std::chrono::steady_clock::now();
    if (since_deadline_ >= kPiece) {
        deadline_ = now + patience_;
        since_deadline_ = 0;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - now).count();
    pollfd ready{socket_.native_handle(), POLLIN, 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) {
        return broken("the body did not arrive in time");
    }
    beast::error_code code;
    const auto count = socket_.read_some(buffer_.prepare(kPiece), code);
    if (code) return broken("the body ended before its announced end");
    buffer_.commit(count);
    since_deadline_ += count;
    return {};
}

Result<> BodyStream::say_continue() {
    is_awaited_ = false;
    const http::response<http::empty_body> go_on{http::status::continue_, 11};
    beast::error_code code;
    http::write(socket_, go_on, code);
    if (code) return broken("the client is gone");
    return {};
}

}  // namespace ittybit::api
