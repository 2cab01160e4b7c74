#include "api/server.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <list>
#include <thread>
#include <vector>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/beast.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <sys/sendfile.h>

#include "base/log.h"

namespace ittybit::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::as_tuple;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr auto kWriteStall = 30s;
constexpr auto kGrace = 5s;
constexpr auto kStreamTick = 200ms;
constexpr auto kStreamComment = 15s;
constexpr std::size_t kWorthDraining = 64U << 10U;

using HeaderParser = http::request_parser<http::empty_body>;

/// Without exceptions, so that a handler's bug is one request's 500 and a line in the log.
Response call(const Handler& handler, Request& request) {
    try {
        auto result = handler(request);
        if (result) return *std::move(result);
        return error_response(result.error());
    } catch (const std::exception& exception) {
        return error_response(Error{"internal_error", exception.what(), ""});
    }
}

/// The same as coroutines, to be run on a pool.
awaitable<Response> respond(const Route& route, Request& request) {
    co_return call(route.handler, request);
}

awaitable<std::optional<std::string>> next_events(EventStream& events) {
    co_return events.poll();
}

Request request_from(const HeaderParser::value_type& message) {
    Request request;
    request.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const auto mark = target.find('?');
    request.path = std::string(target.substr(0, mark));
    if (mark != std::string_view::npos) request.query = read_query(target.substr(mark + 1));
    for (const auto& field : message) {
        request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    return request;
}

Response preflight() {
    Response response;
    response.status = 204;
    response.with("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
        .with(
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Range, If-Range"
        )
        .with("Access-Control-Max-Age", "86400");
    return response;
}

template <typename Body>
void fill_header(http::response<Body>& out, const Response& response) {
    out.result(static_cast<unsigned>(response.status));
    out.set(http::field::access_control_allow_origin, "*");
    out.set(
        http::field::access_control_expose_headers,
        "Content-Length, Content-Range, ETag, Link, Has-More, Location"
    );
    out.set("X-Content-Type-Options", "nosniff");
    for (const auto& header : response.headers) out.set(header.name, header.value);
}

}  // namespace

class Session;

struct Server::State {
    const Router* router = nullptr;
    Admit admit;
    Options options;
    asio::io_context io{1};
    tcp::acceptor acceptor{io};
    asio::thread_pool pool;
    std::list<std::weak_ptr<Session>> sessions;
    std::atomic<int> open_sessions = 0;
    std::atomic<int> streams = 0;
    bool is_stopping = false;

    State(const Router& routes, Admit gate, Options given)
        : router(&routes),
          admit(std::move(gate)),
          options(std::move(given)),
          pool(static_cast<std::size_t>(options.handlers)) {}

    awaitable<void> accept_all();
    awaitable<void> drain();
};

/// One connection.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Server::State& server, tcp::socket socket)
        : server_(server), stream_(std::move(socket)) {
        ++server_.open_sessions;
    }
    ~Session() { --server_.open_sessions; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    awaitable<void> run();
    void hang_up_if_idle() {
        if (!is_busy_) stream_.cancel();
    }
    void hang_up() { stream_.cancel(); }

private:
    awaitable<bool> serve_one();
    awaitable<void> part();
    awaitable<bool> answer(HeaderParser& parser);
    awaitable<bool> refuse(HeaderParser& parser, const Response& response);
    awaitable<bool> take_body(HeaderParser& parser, Request& request, Response& problem);
    awaitable<Response> handle(const Route& route, Request& request);
    awaitable<Response> handle_stream(const Route& route, HeaderParser& parser, Request& request);
    awaitable<void> say_continue(const HeaderParser& parser);
    awaitable<bool> write(const Response& response, bool is_head);
    awaitable<bool> write_text(const Response& response, bool is_head);
    awaitable<bool> write_file(const Response& response, bool is_head);
    awaitable<bool> write_events(const Response& response);
    awaitable<bool> send_file(const FileBody& file);
    awaitable<void> until_gone();
    awaitable<bool> send_chunk(const std::string& text);
    awaitable<void> pump_events(EventStream& events);

    void patience(std::chrono::seconds time) { stream_.expires_after(time); }

    Server::State& server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    unsigned version_ = 11;
    bool keeps_alive_ = true;
    bool is_busy_ = false;
};

awaitable<void> Session::run() {
    try {
        while (co_await serve_one()) {
        }
    } catch (const boost::system::system_error&) {
        // The client left, or was too slow: nobody is there to be told.
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

awaitable<bool> Session::serve_one() {
    HeaderParser parser;
    parser.header_limit(static_cast<std::uint32_t>(server_.options.largest_header));
    parser.body_limit(boost::none);
    is_busy_ = false;
    patience(std::chrono::seconds(server_.options.header_seconds));
    const auto [code, count] =
        co_await http::async_read_header(stream_, buffer_, parser, as_tuple(use_awaitable));
    static_cast<void>(count);
    is_busy_ = true;
    if (code == http::error::end_of_stream || code == beast::error::timeout ||
        code == asio::error::operation_aborted ||
        code.category() == asio::error::get_system_category()) {
        co_return false;
    }
    if (code) {
        keeps_alive_ = false;
        const auto* words = code == http::error::header_limit ? "the request's header is too large"
                                                              : "this is not an HTTP/1.1 request";
        co_return co_await write(error_response(Error{"invalid_request", words, ""}), false);
    }
    version_ = parser.get().version();
    keeps_alive_ = parser.get().keep_alive() && !server_.is_stopping;
    co_return co_await answer(parser);
}

awaitable<bool> Session::answer(HeaderParser& parser) {
    auto request = request_from(parser.get());
    if (const auto length = parser.content_length()) request.body_size = *length;
    if (request.method == "OPTIONS") co_return co_await refuse(parser, preflight());
    const auto route = server_.router->find(request);
    if (!route) {
        auto response = error_response(route.error());
        if (response.status == 405) response.with("Allow", route.error().where);
        co_return co_await refuse(parser, response);
    }
    if (auto refusal = server_.admit(request, **route)) co_return co_await refuse(parser, *refusal);
    const bool is_head = request.method == "HEAD";
    if ((*route)->body == Body::kStream) {
        const auto response = co_await handle_stream(**route, parser, request);
        co_return co_await write(response, false);
    }
    Response problem;
    if (!co_await take_body(parser, request, problem)) co_return co_await refuse(parser, problem);
    const auto response = co_await handle(**route, request);
    co_return co_await write(response, is_head);
}

/// Answers without looking at the body: a small one is read and dropped, so that the connection
/// can go on; else it ends.
awaitable<bool> Session::refuse(HeaderParser& parser, const Response& response) {
    const bool is_head = parser.get().method() == http::verb::head;
    const bool expects = parser.get()[http::field::expect] == "100-continue";
    const auto length = parser.content_length();
    const bool is_small = parser.is_done() || (length && *length <= kWorthDraining && !expects);
    if (!is_small) {
        keeps_alive_ = false;
    } else if (!parser.is_done()) {
        http::request_parser<http::string_body> rest(std::move(parser));
        rest.body_limit(kWorthDraining);
        patience(std::chrono::seconds(server_.options.body_seconds));
        co_await http::async_read(stream_, buffer_, rest, use_awaitable);
    }
    co_return co_await write(response, is_head);
}

awaitable<void> Session::say_continue(const HeaderParser& parser) {
    if (parser.get()[http::field::expect] != "100-continue") co_return;
    http::response<http::empty_body> go_on{http::status::continue_, version_};
    co_await http::async_write(stream_, go_on, use_awaitable);
}

awaitable<bool> Session::take_body(HeaderParser& parser, Request& request, Response& problem) {
    const auto largest = server_.options.largest_body;
    const Error too_large{
        "body_too_large", fmt::format("the body is larger than {} bytes", largest), ""
    };
    if (request.body_size && *request.body_size > largest) {
        problem = error_response(too_large);
        co_return false;
    }
    patience(std::chrono::seconds(server_.options.body_seconds));
    co_await say_continue(parser);
    http::request_parser<http::string_body> whole(std::move(parser));
    whole.body_limit(largest);
    const auto [code, count] =
        co_await http::async_read(stream_, buffer_, whole, as_tuple(use_awaitable));
    static_cast<void>(count);
    if (code == http::error::body_limit) {
        keeps_alive_ = false;
        problem = error_response(too_large);
        co_return false;
    }
    if (code) throw boost::system::system_error(code);
    request.body = std::move(whole.get().body());
    co_return true;
}

awaitable<Response> Session::handle(const Route& route, Request& request) {
    stream_.expires_never();
    co_return co_await asio::co_spawn(server_.pool, respond(route, request), use_awaitable);
}

/// A streaming route reads from the socket itself, on a thread of its own.
awaitable<Response> Session::handle_stream(
    const Route& route, HeaderParser& parser, Request& request
) {
    keeps_alive_ = false;
    if (server_.streams >= server_.options.streams) {
        co_return error_response(
            Error{"unavailable", "too many uploads at once: try again in a moment", ""}
        );
    }
    co_await say_continue(parser);
    stream_.expires_never();
    http::request_parser<http::buffer_body> body(std::move(parser));
    body.body_limit(boost::none);
    auto& socket = stream_.socket();
    request.read_body = [&](std::span<std::byte> out) -> Result<std::size_t> {
        if (body.is_done()) return std::size_t{0};
        if (buffer_.size() == 0) {
            pollfd ready{socket.native_handle(), POLLIN, 0};
            if (::poll(&ready, 1, server_.options.body_seconds * 1000) <= 0) {
                return Error{"invalid_request", "the body did not arrive in time", ""};
            }
        }
        body.get().body().data = out.data();
        body.get().body().size = out.size();
        beast::error_code code;
        http::read_some(socket, buffer_, body, code);
        if (code == http::error::need_buffer) code = {};
        if (code) return Error{"invalid_request", "the body ended before its announced end", ""};
        const auto got = out.size() - body.get().body().size;
        return got;
    };
    ++server_.streams;
    asio::thread_pool own(1);
    auto response = co_await asio::co_spawn(own, respond(route, request), use_awaitable);
    --server_.streams;
    request.read_body = nullptr;
    co_return response;
}

awaitable<bool> Session::write(const Response& response, bool is_head) {
    keeps_alive_ = keeps_alive_ && !server_.is_stopping;
    if (response.events) co_return co_await write_events(response);
    if (response.file) co_return co_await write_file(response, is_head);
    co_return co_await write_text(response, is_head);
}

awaitable<bool> Session::write_text(const Response& response, bool is_head) {
    http::response<http::string_body> out;
    out.version(version_);
    fill_header(out, response);
    out.keep_alive(keeps_alive_);
    const bool has_body = response.status != 204 && response.status != 304;
    if (has_body) out.content_length(response.body.size());
    if (!is_head) out.body() = response.body;
    patience(kWriteStall);
    co_await http::async_write(stream_, out, use_awaitable);
    co_return keeps_alive_;
}

awaitable<bool> Session::write_file(const Response& response, bool is_head) {
    http::response<http::empty_body> head;
    head.version(version_);
    fill_header(head, response);
    head.keep_alive(keeps_alive_);
    head.content_length(static_cast<std::uint64_t>(response.file->length));
    http::response_serializer<http::empty_body> serializer(head);
    patience(kWriteStall);
    co_await http::async_write_header(stream_, serializer, use_awaitable);
    if (is_head) co_return keeps_alive_;
    stream_.expires_never();
    co_return co_await send_file(*response.file) && keeps_alive_;
}

/// sendfile, so that a file of any size costs no memory; a reader that stalls is left.
awaitable<bool> Session::send_file(const FileBody& file) {
    constexpr std::int64_t kPiece = 1 << 20;
    auto& socket = stream_.socket();
    socket.native_non_blocking(true);
    off_t offset = file.offset;
    std::int64_t left = file.length;
    asio::steady_timer timer(server_.io);
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

awaitable<bool> Session::write_events(const Response& response) {
    http::response<http::empty_body> head;
    head.version(version_);
    fill_header(head, response);
    head.keep_alive(false);
    head.chunked(true);
    http::response_serializer<http::empty_body> serializer(head);
    patience(kWriteStall);
    co_await http::async_write_header(stream_, serializer, use_awaitable);
    stream_.expires_never();
    is_busy_ = false;  // may be ended at any time: the client comes back with Last-Event-ID
    co_await (until_gone() || pump_events(*response.events));
    co_return false;
}

/// Readable or ended: the client is gone, since it has nothing to say here.
awaitable<void> Session::until_gone() {
    char byte = 0;
    co_await stream_.socket().async_read_some(asio::buffer(&byte, 1), as_tuple(use_awaitable));
}

awaitable<bool> Session::send_chunk(const std::string& text) {
    asio::steady_timer timer(server_.io, kWriteStall);
    const auto chunk = http::make_chunk(asio::buffer(text));
    const auto first = co_await (
        asio::async_write(stream_.socket(), chunk, as_tuple(use_awaitable)) ||
        timer.async_wait(as_tuple(use_awaitable))
    );
    if (first.index() == 1) co_return false;
    co_return !std::get<0>(std::get<0>(first));
}

awaitable<void> Session::pump_events(EventStream& events) {
    asio::steady_timer timer(server_.io);
    auto last = std::chrono::steady_clock::now();
    while (!server_.is_stopping) {
        if (events.is_due()) {
            const auto text =
                co_await asio::co_spawn(server_.pool, next_events(events), use_awaitable);
            if (!text) break;
            if (!text->empty()) {
                if (!co_await send_chunk(*text)) co_return;
                last = std::chrono::steady_clock::now();
            }
        }
        if (std::chrono::steady_clock::now() - last >= kStreamComment) {
            if (!co_await send_chunk(": still here\n\n")) co_return;
            last = std::chrono::steady_clock::now();
        }
        timer.expires_after(kStreamTick);
        co_await timer.async_wait(as_tuple(use_awaitable));
    }
    co_await asio::async_write(stream_.socket(), http::make_chunk_last(), as_tuple(use_awaitable));
}

awaitable<void> Server::State::accept_all() {
    for (;;) {
        auto [code, socket] = co_await acceptor.async_accept(as_tuple(use_awaitable));
        if (is_stopping) co_return;
        if (code) {
            // Out of descriptors, say: a pause, so that this does not spin.
            asio::steady_timer timer(io, 50ms);
            co_await timer.async_wait(as_tuple(use_awaitable));
            continue;
        }
        if (open_sessions >= options.connections) continue;  // closes the socket
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto session = std::make_shared<Session>(*this, std::move(socket));
        sessions.remove_if([](const auto& known) { return known.expired(); });
        sessions.push_back(session);
        asio::co_spawn(io, [session] { return session->run(); }, asio::detached);
    }
}

awaitable<void> Server::State::drain() {
    is_stopping = true;
    beast::error_code ignored;
    acceptor.close(ignored);
    const auto deadline = std::chrono::steady_clock::now() + kGrace;
    asio::steady_timer timer(io);
    while (open_sessions > 0 && std::chrono::steady_clock::now() < deadline) {
        for (const auto& known : sessions) {
            if (const auto session = known.lock()) session->hang_up_if_idle();
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(as_tuple(use_awaitable));
    }
    for (const auto& known : sessions) {
        if (const auto session = known.lock()) session->hang_up();
    }
    io.stop();
}

Result<std::unique_ptr<Server>> Server::open(const Router& router, Admit admit, Options options) {
    auto state = std::make_unique<State>(router, std::move(admit), std::move(options));
    const auto& given = state->options;
    beast::error_code code;
    const auto address = asio::ip::make_address(given.address, code);
    if (code)
        return Error{"unavailable", fmt::format("{} is no IP address", given.address), "listen"};
    const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(given.port));
    state->acceptor.open(endpoint.protocol(), code);
    if (!code) state->acceptor.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code) state->acceptor.bind(endpoint, code);
    if (!code) state->acceptor.listen(tcp::acceptor::max_listen_connections, code);
    if (code) {
        return Error{
            "unavailable",
            fmt::format("cannot listen on {}:{}: {}", given.address, given.port, code.message()),
            "listen"
        };
    }
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

int Server::port() const {
    beast::error_code ignored;
    return state_->acceptor.local_endpoint(ignored).port();
}

int Server::connections() const {
    return state_->open_sessions;
}

void Server::run() {
    asio::co_spawn(state_->io, state_->accept_all(), asio::detached);
    state_->io.run();
    state_->pool.join();
}

void Server::stop() {
    asio::post(state_->io, [state = state_.get()] {
        asio::co_spawn(state->io, state->drain(), asio::detached);
    });
}

}  // namespace ittybit::api
