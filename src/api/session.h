#pragma once

#include <atomic>
#include <memory>

#include "api/beast.h"
#include "api/server.h"
#include "api/writer.h"

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
    bool is_stopping = false;

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
    awaitable<void> part();

    void patience(std::chrono::seconds time) { stream_.expires_after(time); }

    SharedState& shared_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    Writer writer_;
    unsigned version_ = 11;
    bool keeps_alive_ = true;
    bool is_busy_ = false;
};

}  // namespace ittybit::api
