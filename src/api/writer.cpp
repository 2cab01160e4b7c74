#include "api/writer.h"

#include <array>
#include <ctime>
#include <initializer_list>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>
#include <sys/sendfile.h>

#include "base/log.h"

namespace ittybit::api {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr auto kWriteStall = 30s;
constexpr auto kStreamTick = 200ms;
constexpr auto kStreamComment = 15s;

/// As Date is written, made anew once a second.
const std::string& date_now() {
    thread_local std::time_t second = 0;
    thread_local std::string text;
    if (const auto now = std::time(nullptr); now != second) {
        second = now;
        text = http_date(now);
    }
    return text;
}

/// Status line and headers, up to the empty line (RFC 9112 section 4); `framing` is the header that
/// tells how long the body is.
std::string head_of(
    const Response& response, const Writer::Terms& terms, std::string_view framing
) {
    const auto status = static_cast<unsigned>(response.status);
    const std::string_view reason = http::obsolete_reason(http::int_to_status(status));
    std::string head;
    head.reserve(512);
    const auto add = [&](std::initializer_list<std::string_view> pieces) {
        for (const auto piece : pieces) head += piece;
    };
    add({terms.version >= 11 ? "HTTP/1.1 " : "HTTP/1.0 ", std::to_string(status), " ", reason});
    add({"\r\nDate: ", date_now()});
    head +=
        "\r\nAccess-Control-Allow-Origin: *"
        "\r\nAccess-Control-Expose-Headers: "
        "Content-Length, Content-Range, ETag, Link, Has-More, Location"
        "\r\nX-Content-Type-Options: nosniff";
    for (const auto& header : response.headers) add({"\r\n", header.name, ": ", header.value});
    if (!terms.keeps_alive && terms.version >= 11) head += "\r\nConnection: close";
    if (terms.keeps_alive && terms.version < 11) head += "\r\nConnection: keep-alive";
    add({framing.empty() ? "" : "\r\n", framing, "\r\n\r\n"});
    return head;
}

std::string length_header(std::uint64_t length) {
    return fmt::format("Content-Length: {}", length);
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
    const bool has_body = response.status != 204 && response.status != 304 && !response.events;
    const auto head = head_of(response, terms, has_body ? length_header(response.body.size()) : "");
    std::array<asio::const_buffer, 2> pieces = {asio::buffer(head)};
    if (has_body && !terms.is_head) pieces[1] = asio::buffer(response.body);
    patience(kWriteStall);
    co_await asio::async_write(stream_, pieces, use_awaitable);
    co_return terms.keeps_alive;
}

awaitable<bool> Writer::write_file(const Response& response, Terms terms) {
    const auto length = response.file ? response.file->length : response.pulled->length;
    const auto head = head_of(response, terms, length_header(static_cast<std::uint64_t>(length)));
    patience(kWriteStall);
    co_await asio::async_write(stream_, asio::buffer(head), use_awaitable);
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
    const bool is_chunked = terms.version >= 11;
    const auto head = head_of(response, terms, is_chunked ? "Transfer-Encoding: chunked" : "");
    patience(kWriteStall);
    co_await asio::async_write(stream_, asio::buffer(head), use_awaitable);
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
