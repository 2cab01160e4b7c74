#include "api/session.h"

#include <chrono>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include "api/body_stream.h"
#include "api/coding.h"
#include "api/elsewhere.h"
#include "api/framing.h"
#include "api/handlers.h"
#include "api/message.h"
#include "base/log.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWorthDraining = 64U << 10U;
constexpr std::size_t kPiece = 4U << 10U;
constexpr std::size_t kQuicklyRead = 64U << 10U;  // so that reading it holds nobody up

/// Without exceptions, so that a handler's bug is one request's 500 and a line in the log.
void call(
    const Application& application, const Route& route, Request& request, const Reply& reply
) {
    try {
        application.handle(route, request, reply);
    } catch (const std::exception& exception) {
        reply(Error{ErrorKind::kInternalError, exception.what(), ""});
    }
}

Response response_of(Result<Response> result) {
    return result ? *std::move(result) : error_response(result.error());
}

bool expects_continue(const HeaderParser& parser) {
    return beast::iequals(parser.get()[http::field::expect], "100-continue");
}

Response malformed(std::string message) {
    return error_response(Error{ErrorKind::kInvalidRequest, std::move(message), ""});
}

Response too_large(std::size_t largest) {
    return error_response(Error{
        ErrorKind::kBodyTooLarge, fmt::format("the body is larger than {} bytes", largest), ""
    });
}

/// Clients of tus that can send neither PATCH nor DELETE say so (tus 1.0.0:
/// X-HTTP-Method-Override); of nothing else, so that a proxy's rules by method hold.
void override_method(Request& request) {
    if (request.method != "POST" || !request.path.starts_with(kResumableFolder)) return;
    if (const auto* other = request.find_header("X-HTTP-Method-Override"))
        request.method = other->value;
}

using NotSentLowWater = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
constexpr int kMostUnsent = 256 << 10;  // bytes that the kernel holds beside those on the wire

/// Of a request, beside a body that is being read; the framing of chunks has no bound of its own.
constexpr std::size_t kMostBuffered = 256U << 10U;

/// The far end left or was too slow: nobody is there to be told.
bool is_gone(const beast::error_code& code) {
    if (!code) return false;
    return code == http::error::end_of_stream || code == http::error::partial_message ||
           code == beast::error::timeout || code.category() == asio::error::get_system_category() ||
           code.category() == asio::error::get_misc_category();
}

}  // namespace

Session::Session(SharedState& shared, tcp::socket socket)
    : shared_(shared),
      stream_(std::move(socket)),
      writer_(stream_, shared.pool),
      delay_(stream_.get_executor()) {
    ++shared_.sessions;
    buffer_.max_size(kMostBuffered);
    beast::error_code ignored;
    // Else a slow reader takes minutes until the next bytes may be written, and seems to stand.
    stream_.socket().set_option(NotSentLowWater(kMostUnsent), ignored);
    address_ = stream_.socket().remote_endpoint(ignored).address();
    be_guest(address_);
}

Session::~Session() {
    be_let_in();
    --shared_.sessions;
}

/// The youngest of a client's guests.
void Session::be_guest(const asio::ip::address& client) {
    be_let_in();
    if (!is_leaving_) place_ = shared_.guests.add(client, *this);
}

void Session::be_let_in() {
    if (place_) shared_.guests.remove(*place_);
    place_.reset();
}

void Session::give_way() {
    is_leaving_ = true;
    be_let_in();
    hang_up();
}

void Session::hang_up_if_idle() {
    if (!is_busy_) stream_.cancel();
}

/// Also ends what a handler's thread waits for at the socket.
void Session::hang_up() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.cancel();
    delay_.cancel();
}

awaitable<void> Session::run() {
    try {
        while (co_await serve_one()) {
        }
    } catch (const boost::system::system_error& left) {
        // Or was too slow: nobody is there to be told.
        log::debug("client left", {{"error", left.what()}});
    } catch (const std::exception& exception) {
        log::error("connection failed", {{"error", exception.what()}});
    }
    co_await part();
}

/// Closing with unread bytes would reset the connection and take the answer back from a client
/// that is still sending: so the rest is read, for a while.
awaitable<void> Session::part() {
    constexpr std::size_t kMost = 64U << 20U;
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    std::vector<char> rest(64U << 10U);
    patience(2s);
    for (std::size_t total = 0; total < kMost;) {
        const auto [code, count] =
            co_await stream_.async_read_some(asio::buffer(rest), as_tuple(use_awaitable));
        if (code) break;
        total += count;
    }
}

std::string_view Session::unread() const {
    const auto bytes = buffer_.data();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

/// Empty lines in front of a request are passed over (RFC 9112 2.2). False: nothing more comes.
awaitable<bool> Session::skip_empty_lines() {
    for (;;) {
        while (unread().starts_with("\r\n")) buffer_.consume(2);
        if (!unread().empty() && unread() != "\r") co_return true;
        const auto [code, count] =
            co_await stream_.async_read_some(buffer_.prepare(kPiece), as_tuple(use_awaitable));
        if (code) co_return false;
        buffer_.commit(count);
    }
}

/// Says why this connection ends.
awaitable<bool> Session::part_with(const Response& refusal, bool is_head) {
    keeps_alive_ = false;
    co_return co_await write(refusal, is_head);
}

/// A request is known by the name its client gave it, else by one of ours.
void Session::begin_exchange() {
    begun_ = std::chrono::steady_clock::now();
    id_ = fmt::format("{}-{:x}", shared_.run, ++shared_.requests);
    peer_ = address_.to_string();
    method_.clear();
    route_ = "";
    pass_.reset();
    trace_.clear();
    more_.clear();
}

awaitable<bool> Session::serve_one() {
    HeaderParser parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_.options.largest_header));
    parser.body_limit(boost::none);
    is_busy_ = false;
    be_guest(address_);
    patience(std::chrono::seconds(shared_.options.header_seconds));
    if (!co_await skip_empty_lines()) co_return false;
    const auto [code, count] =
        co_await http::async_read_header(stream_, buffer_, parser, as_tuple(use_awaitable));
    static_cast<void>(count);
    is_busy_ = true;
    if (is_gone(code)) co_return false;
    begin_exchange();
    if (code) co_return co_await part_with(header_refusal(code, parser, unread()));
    version_ = parser.get().version();
    keeps_alive_ = parser.get().keep_alive();
    if (const auto problem = check_framing(parser)) co_return co_await part_with(*problem);
    co_return co_await answer(parser);
}

/// Behind a proxy, its many clients do not share one place in the count.
void Session::know_sender(Request& request) {
    auto sender = sender_of(request, address_, shared_.options.trusted_proxies);
    request.peer = peer_ = sender.address.to_string();
    request.scheme = std::move(sender.scheme);
    request.host = std::move(sender.host);
    if (sender.address != address_) be_guest(sender.address);
}

awaitable<bool> Session::answer(HeaderParser& parser) {
    auto request = request_from(parser.get());
    if (const auto length = parser.content_length()) request.body_size = *length;
    if (const auto name = request.header("X-Request-Id"); is_request_id(name)) id_ = name;
    request.id = id_;
    request.trace = trace_ = trace_of(request.header("traceparent"));
    know_sender(request);
    override_method(request);
    method_ = request.method;
    const auto route = shared_.router.find(request);
    if (!route && request.method == "OPTIONS") co_return co_await refuse(parser, preflight());
    if (!route) {
        auto response = error_response(route.error());
        if (response.status == 405) response.with("Allow", route.error().where);
        co_return co_await refuse(parser, response);
    }
    route_ = (*route)->pattern;
    more_ = (*route)->headers;
    auto refusal = co_await admit(request, **route);
    more_.insert(more_.end(), request.quota.begin(), request.quota.end());
    if (refusal) {
        if (!co_await hold_back(refusal->delay)) co_return false;
        co_return co_await refuse(parser, *refusal);
    }
    pass_ = request.pass;
    if (!(*route)->is_open) {
        be_let_in();
        const auto known = check_query(**route, request);
        if (!known) co_return co_await refuse(parser, error_response(known.error()));
    }
    if ((*route)->body == Body::kStream) co_return co_await answer_stream(parser, **route, request);
    if (request.body_size && *request.body_size > shared_.options.largest_body) {
        co_return co_await refuse(parser, too_large(shared_.options.largest_body));
    }
    const bool is_head = parser.get().method() == http::verb::head;  // whatever overrides it
    if (const auto problem = co_await take_body(parser, request)) {
        co_return co_await part_with(*problem, is_head);
    }
    stream_.expires_never();
    auto response = co_await handle(shared_.pool, **route, request);
    co_await compress(request, response);
    co_return co_await write(response, is_head);
}

/// Not on this thread where a key must be looked up.
awaitable<std::optional<Response>> Session::admit(Request& request, const Route& route) {
    const auto& application = shared_.application;
    if (application.admits_at_once(request, route)) co_return application.admit(request, route);
    co_return co_await elsewhere(shared_.pool, [&application, &request, &route] {
        return application.admit(request, route);
    });
}

/// Texts become smaller for those who take it. What fits a packet would gain nothing.
awaitable<void> Session::compress(const Request& request, Response& response) {
    constexpr std::size_t kPacket = 1400;
    if (!is_compressible(response.header("Content-Type"))) co_return;
    if (response.header("Vary").empty()) response.with("Vary", "Accept-Encoding");
    const bool is_worth_it =
        response.body.size() > kPacket && response.header("Content-Encoding").empty();
    if (!is_worth_it || !takes_coding(request.header("Accept-Encoding"), "gzip")) co_return;
    response.body =
        co_await elsewhere(shared_.pool, [&response] { return gzipped(response.body); });
    response.with("Content-Encoding", "gzip");
}

/// Who guesses waits. False: the connection ends meanwhile.
awaitable<bool> Session::hold_back(std::chrono::milliseconds delay) {
    if (delay == 0ms) co_return true;
    stream_.expires_never();
    delay_.expires_after(delay);
    const auto [code] = co_await delay_.async_wait(as_tuple(use_awaitable));
    co_return !code;
}

/// Has the request handled, here or on a pool, and waits for the reply without holding a thread.
awaitable<Response> Session::handle(asio::thread_pool& pool, const Route& route, Request& request) {
    const auto begin = [&](auto completed) {
        auto waiting = std::make_shared<decltype(completed)>(std::move(completed));
        ++shared_.replies_due;
        Reply reply = [&shared = shared_, here = stream_.get_executor(),
                       waiting](Result<Response> result) {
            auto response = response_of(std::move(result));
            asio::post(
                here, [completed = std::move(*waiting),
                       response = std::move(response)]() mutable { completed(std::move(response)); }
            );
            --shared.replies_due;
        };
        const bool waits = route.waits != nullptr && route.waits(request);
        if (route.prompt && !waits && request.body.size() <= kQuicklyRead) {
            return call(shared_.application, route, request, reply);
        }
        asio::post(pool, [&shared = shared_, &route, &request, reply = std::move(reply)] {
            call(shared.application, route, request, reply);
        });
    };
    auto response = co_await asio::async_initiate<decltype(use_awaitable), void(Response)>(
        begin, use_awaitable
    );
    if (response.note) response.note();
    co_return response;
}

/// A streaming route reads from the socket itself, on a thread of its own.
awaitable<bool> Session::answer_stream(HeaderParser& parser, const Route& route, Request& request) {
    if (shared_.streams >= shared_.options.streams) {
        const Error full{
            ErrorKind::kUnavailable, "too many uploads at once: try again in a moment", ""
        };
        co_return co_await refuse(parser, error_response(full));
    }
    stream_.expires_never();
    BodyStream body(
        stream_.socket(), buffer_, std::move(parser),
        std::chrono::seconds(shared_.options.body_seconds)
    );
    request.read_body = [&body](std::span<std::byte> out) { return body.read(out); };
    ++shared_.streams;
    asio::thread_pool own(1);
    const auto response = co_await handle(own, route, request);
    --shared_.streams;
    keeps_alive_ = keeps_alive_ && body.is_done();
    co_return co_await write(response);
}

/// Answers without looking at the body: a small one is read and dropped, so that the connection
/// can go on; else it ends.
awaitable<bool> Session::refuse(HeaderParser& parser, const Response& response) {
    const bool is_head = parser.get().method() == http::verb::head;
    const auto length = parser.content_length();
    const bool is_small = length && *length <= kWorthDraining && !expects_continue(parser);
    if (!parser.is_done() && !is_small) {
        keeps_alive_ = false;
    } else if (!parser.is_done()) {
        http::request_parser<http::string_body> rest(std::move(parser));
        rest.body_limit(kWorthDraining);
        patience(std::chrono::seconds(shared_.options.body_seconds));
        co_await http::async_read(stream_, buffer_, rest, use_awaitable);
    }
    co_return co_await write(response, is_head);
}

awaitable<void> Session::say_continue(const HeaderParser& parser) {
    if (!expects_continue(parser)) co_return;
    const http::response<http::empty_body> go_on{http::status::continue_, version_};
    co_await http::async_write(stream_, go_on, use_awaitable);
}

/// Reads the whole body, unless there is something wrong with it.
awaitable<std::optional<Response>> Session::take_body(HeaderParser& parser, Request& request) {
    patience(std::chrono::seconds(shared_.options.body_seconds));
    co_await say_continue(parser);
    http::request_parser<http::string_body> whole(std::move(parser));
    whole.body_limit(shared_.options.largest_body);
    const auto [code, count] =
        co_await http::async_read(stream_, buffer_, whole, as_tuple(use_awaitable));
    static_cast<void>(count);
    if (is_gone(code)) throw boost::system::system_error(code);
    if (code == http::error::body_limit) co_return too_large(shared_.options.largest_body);
    if (code) co_return malformed("the body is not what its header announced");
    request.body = std::move(whole.get().body());
    co_return std::nullopt;
}

awaitable<bool> Session::write(const Response& response, bool is_head) {
    const auto duration = std::chrono::steady_clock::now() - begun_;
    shared_.application.answered(
        {id_, trace_, peer_, method_, route_, response.status,
         std::chrono::floor<std::chrono::milliseconds>(duration)}
    );
    if (response.file || response.pulled) be_let_in();
    const Writer::Terms terms{version_, keeps_alive_ && !shared_.is_stopping, is_head, id_, more_};
    if (!response.events || is_head) co_return co_await writer_.write(response, terms);
    is_busy_ = false;  // may be ended at any time: the client comes back with Last-Event-ID
    co_await writer_.write_events(response, terms, [this] {
        return shared_.is_stopping || (pass_ && !pass_->is_valid);
    });
    co_return false;
}

}  // namespace ittybit::api
