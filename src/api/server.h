#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/forwarded.h"
#include "api/http.h"
#include "api/router.h"
#include "base/clock.h"

namespace ittybit::api {

/// A request and what it is answered, for log and metrics.
struct Exchange {
    std::string_view id;
    std::string_view trace;  // may be empty
    std::string_view peer;
    std::string_view method;  // empty where the request could not be read, as the next
    std::string_view route;   // its pattern: a path may hold what is somebody's permission
    int status = 0;
    std::chrono::milliseconds duration{0};
};

/// What a server asks of those whose routes it serves.
struct Application {
    /// Before the body is read: a response refuses the request (auth, rate); else the request may
    /// get a pass. Called on the server's thread if `admits_at_once` says so, else on the pool.
    std::function<std::optional<Response>(Request&, const Route&)> admit;
    std::function<bool(const Request&, const Route&)> admits_at_once;
    /// Looks again at what may have changed behind our back, and ends passes that are good no more.
    /// Called twice a second, on a thread of the pool.
    std::function<void()> renew;
    /// Does the work and replies. Called on a thread of a pool, or on the server's where the route
    /// is prompt.
    std::function<void(const Route&, Request&, const Reply&)> handle;
    /// Told of every answer when it begins. Called on the server's thread.
    std::function<void(const Exchange&)> answered;
};

/// HTTP/1.1 on one thread, handlers that wait on a pool of their own. Knows routes, not what they
/// do.
class Server {
public:
    struct Options {
        std::string address = "127.0.0.1";
        int port = 8080;  // 0: any free one
        std::size_t largest_body = 1U << 20U;
        std::size_t largest_header = 32U << 10U;
        int header_seconds = 30;  // for a request's header, and idle between requests
        int body_seconds = 60;  // for a body that is read whole; between pieces of one that is not
        int connections = 2000;
        int handlers = 64;  // requests that may wait at once
        int streams = 64;   // uploads at once
        TrustedProxies trusted_proxies = {};
    };

    /// Opens the port. Errors: `unavailable`, saying why it cannot be listened on.
    static Result<std::unique_ptr<Server>> open(
        const Router& router, Application application, Options options
    );
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port() const;

    /// Serves until stop() is called, from any thread; then ends idle connections at once and gives
    /// requests that are being answered a few seconds.
    void run();
    void stop();

private:
    struct State;
    explicit Server(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ittybit::api
