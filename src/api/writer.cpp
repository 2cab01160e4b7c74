#include "api/writer.h"

#include <array>
#include <ctime>
#include <initializer_list>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>
#include <sys/sendfile.h>

#include "api/elsewhere.h"
#include "base/log.h"

namespace ittybit::api {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr auto kWriteStall = 30s;
constexpr auto kStreamTick = 500ms;  // how soon the end of the server or of a key is seen
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
        "Content-Length, Content-Range, ETag, Link, Has-More, Limit, Location, Retry-After, "
        "Idempotent-Replayed, RateLimit, RateLimit-Policy, X-Request-Id"
        "\r\nX-Content-Type-Options: nosniff";
    if (!terms.request_id.empty()) add({"\r\nX-Request-Id: ", terms.request_id});
    for (const auto& header : response.headers) add({"\r\n", header.name, ": ", header.value});
    for (const auto& header : terms.more) add({"\r\n", header.name, ": ", header.value});
    if (!terms.keeps_alive && terms.version >= 11) head += "\r\nConnection: close";
    if (terms.keeps_alive && terms.version < 11) head += "\r\nConnection: keep-alive";
    add({framing.empty() ? "" : "\r\n", framing, "\r\n\r\n"});
    return head;
}

std::string length_header(std::uint64_t length) {
    return fmt::format("Content-Length: {}", length);
}

/// Sends bytes of a file until the socket takes no more; how many, -1 where that cannot go on. The
/// disk may let this wait.
std::int64_t send_piece(int socket, const FileBody& file, std::int64_t offset, std::int64_t most) {
    constexpr std::int64_t kPiece = 1 << 20;
    off_t from = file.offset + offset;
    const auto length = static_cast<std::size_t>(std::min(most, kPiece));
    const auto count = ::sendfile(socket, file.file.get(), &from, length);
    if (count > 0) return count;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

}  // namespace

/// With patience for as long as bytes are taken, be it slowly.
template <typename Buffers>
awaitable<beast::error_code> Writer::write_all(const Buffers& buffers) {
    beast::buffers_suffix<Buffers> left(buffers);
    while (beast::buffer_bytes(left) > 0) {
        patience(kWriteStall);
        const auto [code, count] = co_await stream_.async_write_some(left, as_tuple(use_awaitable));
        if (code) co_return code;
        left.consume(count);
    }
    co_return beast::error_code();
}

awaitable<bool> Writer::write(const Response& response, Terms terms) {
    if (response.file || response.pulled) co_return co_await write_file(response, terms);
    co_return co_await write_text(response, terms);
}

awaitable<bool> Writer::write_text(const Response& response, Terms terms) {
    const bool has_body = response.status != 204 && response.status != 304 && !response.events;
    const auto head = head_of(response, terms, has_body ? length_header(response.body.size()) : "");
    std::array<asio::const_buffer, 2> pieces = {asio::buffer(head)};
    if (has_body && !terms.is_head) pieces[1] = asio::buffer(response.body);
    co_return !co_await write_all(pieces) && terms.keeps_alive;
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

/// sendfile, so that a file of any size costs no memory; on the pool, so that a slow disk keeps
/// none but this connection waiting.
awaitable<bool> Writer::send_file(const FileBody& file) {
    stream_.socket().native_non_blocking(true);
    const int socket = stream_.socket().native_handle();
    for (std::int64_t sent = 0; sent < file.length;) {
        const auto count = co_await elsewhere(pool_, [&file, socket, sent] {
            return send_piece(socket, file, sent, file.length - sent);
        });
        if (count < 0) co_return false;
        sent += count;
        if (sent < file.length && !co_await until_writable()) co_return false;
    }
    co_return true;
}

awaitable<bool> Writer::until_writable() {
    asio::steady_timer timer(stream_.get_executor(), kWriteStall);
    const auto first = co_await (
        stream_.socket().async_wait(tcp::socket::wait_write, as_tuple(use_awaitable)) ||
        timer.async_wait(as_tuple(use_awaitable))
    );
    co_return first.index() == 0;
}

/// A piece at a time, so that an object of any size costs little memory.
awaitable<bool> Writer::send_pulled(const PulledBody& body) {
    constexpr std::int64_t kPiece = 2 << 20;
    const auto end = body.offset + body.length;
    for (auto at = body.offset; at < end;) {
        const auto length = std::min(end - at, kPiece);
        const auto piece =
            co_await elsewhere(pool_, [&body, at, length] { return body.pull(at, length); });
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
    const auto client = watch();
    response.events->on_news(wake_of(client));
    co_await pump(*response.events, is_chunked, *client, is_over);
    beast::error_code ignored;
    stream_.socket().cancel(ignored);  // what watches
}

/// Readable or ended: the client is gone, since it has nothing to say here.
std::shared_ptr<Writer::Client> Writer::watch() {
    auto client = std::make_shared<Client>(stream_.get_executor());
    stream_.socket().async_read_some(
        asio::buffer(&client->byte, 1),
        [client](const beast::error_code&, std::size_t) {
            client->is_gone = true;
            client->pause.cancel();
        }
    );
    return client;
}

/// Wakes a follower, from any thread; once until it has looked.
std::function<void()> Writer::wake_of(const std::shared_ptr<Client>& client) {
    return [known = std::weak_ptr(client), here = stream_.get_executor()] {
        const auto follower = known.lock();
        if (!follower || follower->has_news.exchange(true)) return;
        asio::post(here, [follower] { follower->pause.cancel(); });
    };
}

awaitable<void> Writer::pump(
    EventStream& events, bool is_chunked, Client& client, const std::function<bool()>& is_over
) {
    auto last = std::chrono::steady_clock::now();
    EventStream::News news;
    while (!is_over() && !client.is_gone && !news.is_last) {
        const auto now = std::chrono::steady_clock::now();
        news.text.clear();
        if (client.has_news.exchange(false) || now >= news.again) {
            news = co_await elsewhere(pool_, [&events] { return events.look(); });
        }
        if (news.text.empty() && now - last >= kStreamComment) news.text = ": still here\n\n";
        if (!news.text.empty()) {
            if (client.is_gone || !co_await send(news.text, is_chunked)) co_return;
            last = now;
        }
        if (client.is_gone || client.has_news || news.is_last) continue;
        client.pause.expires_at(std::min({news.again, last + kStreamComment, now + kStreamTick}));
        co_await client.pause.async_wait(as_tuple(use_awaitable));
    }
    if (!is_chunked || client.is_gone) co_return;
    patience(kWriteStall);
    co_await asio::async_write(stream_, http::make_chunk_last(), as_tuple(use_awaitable));
}

awaitable<bool> Writer::send(const std::string& text, bool is_chunked) {
    const auto plain = asio::buffer(text);
    const auto code =
        is_chunked ? co_await write_all(http::make_chunk(plain)) : co_await write_all(plain);
    stream_.expires_never();
    co_return !code;
}

}  // namespace ittybit::api
