#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "api/beast.h"
#include "api/guests.h"
#include "api/server.h"
#include "api/writer.h"
#include "base/ids.h"

namespace ittybit::api {

/// What the connections of a server share.
struct SharedState {
    const Router& router;
    const Application application;
    const Server::Options options;
    asio::thread_pool pool;            // where the application may wait
    std::atomic<int> replies_due = 0;  // each will touch its session
    int sessions = 0;
    int streams = 0;  // bodies being streamed
    Guests guests;
    bool is_stopping = false;
    const std::string run = random_hex(48);  // tells the requests of this run from others
    std::uint64_t requests = 0;

    SharedState(const Router& routes, Application given, Server::Options wanted)
        : router(routes),
          application(std::move(given)),
          options(std::move(wanted)),
          pool(static_cast<std::size_t>(options.handlers)) {}
};

/// One connection: reads requests one after the other and answers each. Lives on the server's one
/// thread; only handlers that may wait run elsewhere.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(SharedState& shared, tcp::socket socket);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    awaitable<void> run();

    void hang_up_if_idle();
    void hang_up();
    /// For who comes when all places are taken.
    void give_way();

private:
    awaitable<bool> serve_one();
    awaitable<bool> skip_empty_lines();
    awaitable<bool> part_with(const Response& refusal, bool is_head = false);
    std::string_view unread() const;
    awaitable<bool> answer(HeaderParser& parser);
    awaitable<Response> handle(asio::thread_pool& pool, const Route& route, Request& request);
    awaitable<bool> answer_stream(HeaderParser& parser, const Route& route, Request& request);
    awaitable<bool> refuse(HeaderParser& parser, const Response& response);
    awaitable<std::optional<Response>> take_body(HeaderParser& parser, Request& request);
    awaitable<void> say_continue(const HeaderParser& parser);
    awaitable<bool> write(const Response& response, bool is_head = false);
    awaitable<std::optional<Response>> admit(Request& request, const Route& route);
    awaitable<void> compress(const Request& request, Response& response);
    awaitable<bool> hold_back(std::chrono::milliseconds delay);
    awaitable<void> part();
    void begin_exchange();
    void know_sender(Request& request);
    void be_guest(const asio::ip::address& client);
    void be_let_in();

    void patience(std::chrono::seconds time) { stream_.expires_after(time); }

    SharedState& shared_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    Writer writer_;
    asio::steady_timer delay_;
    asio::ip::address address_;
    std::optional<Guests::Place> place_;  // while nobody is at work for this connection
    bool is_leaving_ = false;
    // Of the request at hand:
    std::string id_;
    std::string trace_;
    std::string peer_;  // who sent it
    std::string method_;
    std::string_view route_;
    std::shared_ptr<const Pass> pass_;
    std::vector<Header> more_;  // that its answer has
    std::chrono::steady_clock::time_point begun_;
    unsigned version_ = 11;
    bool keeps_alive_ = true;
    bool is_busy_ = false;
};

}  // namespace ittybit::api
