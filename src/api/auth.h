#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/router.h"
#include "api/service.h"

namespace ittybit::api {

/// Lets requests in: a key where the route wants one, and no more than the rate allows. Looks a key
/// up at most once a second, so a revoked one ends within that. Safe from any thread.
class Gate {
public:
    explicit Gate(Service& service) : service_(service) {}

    /// A response when the request is not let in.
    std::optional<Response> admit(const Request& request, const Route& route);

private:
    struct Known {
        UnixMillis checked_at = 0;
        bool is_good = false;
        double tokens = 0;
        UnixMillis refilled_at = 0;
    };
    Result<bool> is_good(Known& known, const std::string& hash);
    bool takes_token(Known& known);

    Service& service_;
    std::mutex mutex_;
    std::map<std::string, Known> known_;  // by hash
};

}  // namespace ittybit::api
