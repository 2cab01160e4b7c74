#include "api/server.h"

#include <chrono>
#include <list>
#include <thread>

#include <fmt/format.h>
#include <sys/socket.h>

#include "api/beast.h"
#include "api/elsewhere.h"
#include "api/session.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 5s;
constexpr auto kRenewal = 500ms;

/// For a client that comes when all places are taken. One try: nobody waits for it.
void turn_away(tcp::socket& socket) {
    constexpr std::string_view kBody =
        R"({"kind":"unavailable","message":"too many connections at once: try again in a moment"})";
    const auto text = fmt::format(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\nRetry-After: 5\r\nAccess-Control-Allow-Origin: *\r\n"
        "Connection: close\r\n\r\n{}",
        kBody.size(), kBody
    );
    const auto fd = socket.native_handle();
    if (::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
    ::shutdown(fd, SHUT_WR);
}

}  // namespace

struct Server::State {
    SharedState shared;
    std::list<std::weak_ptr<Session>> sessions;
    asio::io_context io{1};
    tcp::acceptor acceptor{io};

    State(const Router& router, Application application, Options options)
        : shared(router, std::move(application), std::move(options)) {}

    bool make_place() const;
    awaitable<void> accept_all();
    awaitable<void> renew_passes();
    awaitable<void> drain();
    void forget_closed() {
        sessions.remove_if([](const auto& known) { return known.expired(); });
    }
};

/// Whether there is a place for one more, or will be as soon as a guest has left.
bool Server::State::make_place() const {
    const int places = shared.options.connections;
    if (shared.sessions < places) return true;
    auto* guest = shared.guests.find_to_give_way();
    if (guest == nullptr || shared.sessions > places + std::max(16, places / 4)) return false;
    guest->give_way();
    return true;
}

awaitable<void> Server::State::renew_passes() {
    asio::steady_timer timer(io);
    while (!shared.is_stopping) {
        timer.expires_after(kRenewal);
        co_await timer.async_wait(as_tuple(use_awaitable));
        co_await elsewhere(shared.pool, [this] { return shared.application.renew(), true; });
    }
}

awaitable<void> Server::State::accept_all() {
    for (;;) {
        auto [code, socket] = co_await acceptor.async_accept(as_tuple(use_awaitable));
        if (shared.is_stopping) co_return;
        if (code) {
            // Out of descriptors, say: a pause, so that this does not spin.
            asio::steady_timer timer(io, 50ms);
            co_await timer.async_wait(as_tuple(use_awaitable));
            continue;
        }
        if (!make_place()) {
            turn_away(socket);
            continue;
        }
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto session = std::make_shared<Session>(shared, std::move(socket));
        forget_closed();
        sessions.push_back(session);
        asio::co_spawn(io, [session] { return session->run(); }, asio::detached);
    }
}

awaitable<void> Server::State::drain() {
    shared.is_stopping = true;
    beast::error_code ignored;
    acceptor.close(ignored);
    asio::steady_timer timer(io);
    const auto end = std::chrono::steady_clock::now() + kGrace;
    while (shared.sessions > 0 && std::chrono::steady_clock::now() < end + kGrace) {
        const bool is_patient = std::chrono::steady_clock::now() < end;
        for (const auto& known : sessions) {
            const auto session = known.lock();
            if (!session) continue;
            is_patient ? session->hang_up_if_idle() : session->hang_up();
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(as_tuple(use_awaitable));
    }
    io.stop();
}

Result<std::unique_ptr<Server>> Server::open(
    const Router& router, Application application, Options options
) {
    auto state = std::make_unique<State>(router, std::move(application), std::move(options));
    const auto& given = state->shared.options;
    beast::error_code code;
    const auto address = asio::ip::make_address(given.address, code);
    if (code) {
        return Error{
            ErrorKind::kUnavailable, fmt::format("{} is no IP address", given.address), "listen"
        };
    }
    const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(given.port));
    state->acceptor.open(endpoint.protocol(), code);
    if (!code) state->acceptor.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code) state->acceptor.bind(endpoint, code);
    if (!code) state->acceptor.listen(tcp::acceptor::max_listen_connections, code);
    if (code) {
        return Error{
            ErrorKind::kUnavailable,
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

void Server::run() {
    asio::co_spawn(state_->io, state_->accept_all(), asio::detached);
    asio::co_spawn(state_->io, state_->renew_passes(), asio::detached);
    state_->io.run();
    state_->shared.pool.join();
    while (state_->shared.replies_due > 0) std::this_thread::sleep_for(1ms);
}

void Server::stop() {
    asio::post(state_->io, [state = state_.get()] {
        asio::co_spawn(state->io, state->drain(), asio::detached);
    });
}

}  // namespace ittybit::api
