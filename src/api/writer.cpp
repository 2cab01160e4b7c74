#include "api/writer.h"

#include <ctime>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <sys/sendfile.h>

#include "base/log.h"

namespace ittybit::api {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr auto kWriteStall = 30s;
constexpr auto kStreamTick = 200ms;
constexpr auto kStreamComment = 15s;

template <typename Body>
http::response<Body> begin(const Response& response, const Writer::Terms& terms) {
    http::response<Body> out;
    out.version(terms.version);
    out.result(static_cast<unsigned>(response.status));
    out.set(http::field::date, http_date(std::time(nullptr)));
    out.set(http::field::access_control_allow_origin, "*");
    out.set(
        http::field::access_control_expose_headers,
        "Content-Length, Content-Range, ETag, Link, Has-More, Location"
    );
    out.set("X-Content-Type-Options", "nosniff");
    for (const auto& header : response.headers) out.set(header.name, header.value);
    out.keep_alive(terms.keeps_alive);
    return out;
}

awaitable<std::optional<std::string>> next_events(EventStream& events) {
    co_return events.poll();
}

/// Optional, since what co_spawn gives must have a default value.
awaitable<std::optional<Result<std::string>>> pull(
    const PulledBody& body, std::int64_t offset, std::int64_t length
) {
    co_return body.pull(offset, length);
}

}  // namespace

awaitable<bool> Writer::write(const Response& response, Terms terms) {
    if (response.file || response.pulled) co_return co_await write_file(response, terms);
    co_return co_await write_text(response, terms);
}

awaitable<bool> Writer::write_text(const Response& response, Terms terms) {
    auto out = begin<http::string_body>(response, terms);
    const bool has_body = response.status != 204 && response.status != 304 && !response.events;
    if (has_body) out.content_length(response.body.size());
    if (!terms.is_head) out.body() = response.body;
    patience(kWriteStall);
    co_await http::async_write(stream_, out, use_awaitable);
    co_return terms.keeps_alive;
}

awaitable<bool> Writer::write_file(const Response& response, Terms terms) {
    auto head = begin<http::empty_body>(response, terms);
    const auto length = response.file ? response.file->length : response.pulled->length;
    head.content_length(static_cast<std::uint64_t>(length));
    http::response_serializer<http::empty_body> serializer(head);
    patience(kWriteStall);
    co_await http::async_write_header(stream_, serializer, use_awaitable);
    if (terms.is_head) co_return terms.keeps_alive;
    stream_.expires_never();
    const bool is_sent =
        response.file ? co_await send_file(*response.file) : co_await send_pulled(*response.pulled);
    co_return is_sent&& terms.keeps_alive;
}

/// sendfile, so that a file of any size costs no memory.
awaitable<bool> Writer::send_file(const FileBody& file) {
    constexpr std::int64_t kPiece = 1 << 20;
    auto& socket = stream_.socket();
    socket.native_non_blocking(true);
    off_t offset = file.offset;
    std::int64_t left = file.length;
    asio::steady_timer timer(stream_.get_executor());
    while (left > 0) {
        const auto count = ::sendfile(
            socket.native_handle(), file.file.get(), &offset,
            static_cast<std::size_t>(std::min(left, kPiece))
        );
        if (count > 0) {
            left -= count;
            continue;
        }
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) co_return false;
        timer.expires_after(kWriteStall);
        const auto first = co_await (
            socket.async_wait(tcp::socket::wait_write, as_tuple(use_awaitable)) ||
            timer.async_wait(as_tuple(use_awaitable))
        );
        if (first.index() == 1) co_return false;
    }
    co_return true;
}

/// A piece at a time, so that an object of any size costs little memory.
awaitable<bool> Writer::send_pulled(const PulledBody& body) {
    constexpr std::int64_t kPiece = 2 << 20;
    const auto end = body.offset + body.length;
    for (auto at = body.offset; at < end;) {
        const auto length = std::min(end - at, kPiece);
        const auto pulled = co_await asio::co_spawn(pool_, pull(body, at, length), use_awaitable);
        const auto& piece = pulled.value();
        if (!piece) {
            log::warn("a stored file cannot be sent", {{"error", piece.error().message}});
            co_return false;
        }
        if (!co_await send(*piece, false)) co_return false;
        at += length;
    }
    co_return true;
}

awaitable<void> Writer::write_events(
    const Response& response, Terms terms, const std::function<bool()>& is_over
) {
    terms.keeps_alive = false;
    auto head = begin<http::empty_body>(response, terms);
    const bool is_chunked = terms.version >= 11;
    head.chunked(is_chunked);
    http::response_serializer<http::empty_body> serializer(head);
    patience(kWriteStall);
    co_await http::async_write_header(stream_, serializer, use_awaitable);
    stream_.expires_never();
    co_await (until_gone() || pump(*response.events, is_chunked, is_over));
}

/// Readable or ended: the client is gone, since it has nothing to say here.
awaitable<void> Writer::until_gone() {
    char byte = 0;
    co_await stream_.socket().async_read_some(asio::buffer(&byte, 1), as_tuple(use_awaitable));
}

awaitable<void> Writer::pump(
    EventStream& events, bool is_chunked, const std::function<bool()>& is_over
) {
    asio::steady_timer timer(stream_.get_executor());
    auto last = std::chrono::steady_clock::now();
    while (!is_over()) {
        if (events.is_due()) {
            const auto text = co_await asio::co_spawn(pool_, next_events(events), use_awaitable);
            if (!text) break;
            if (!text->empty()) {
                if (!co_await send(*text, is_chunked)) co_return;
                last = std::chrono::steady_clock::now();
            }
        }
        if (std::chrono::steady_clock::now() - last >= kStreamComment) {
            if (!co_await send(": still here\n\n", is_chunked)) co_return;
            last = std::chrono::steady_clock::now();
        }
        timer.expires_after(kStreamTick);
        co_await timer.async_wait(as_tuple(use_awaitable));
    }
    if (!is_chunked) co_return;
    co_await asio::async_write(stream_.socket(), http::make_chunk_last(), as_tuple(use_awaitable));
}

awaitable<bool> Writer::send(const std::string& text, bool is_chunked) {
    asio::steady_timer timer(stream_.get_executor(), kWriteStall);
    const auto write = [&](const auto& bytes) -> awaitable<bool> {
        const auto first = co_await (
            asio::async_write(stream_.socket(), bytes, as_tuple(use_awaitable)) ||
            timer.async_wait(as_tuple(use_awaitable))
        );
        if (first.index() == 1) co_return false;
        co_return !std::get<0>(std::get<0>(first));
    };
    const auto plain = asio::buffer(text);
    if (!is_chunked) co_return co_await write(plain);
    const auto chunk = http::make_chunk(plain);
    co_return co_await write(chunk);
}

}  // namespace ittybit::api
