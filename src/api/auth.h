#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/router.h"
#include "api/service.h"
#include "base/thread_safety.h"

namespace ittybit::api {

/// Lets requests in: a key where the route wants one, that may do this, and no more than its rate
/// allows. Looks a key up at most once a second, so a revoked one ends within that, and so do the
/// answers that go on under it, or under one that expires. An address whose keys are wrong again
/// and again is answered ever later, and logged. Safe from any thread.
class Gate {
public:
    explicit Gate(Service& service) : service_(service) {}

    /// A response when the request is not let in; else it may have a pass now. Looks a key up that
    /// is not known yet.
    std::optional<Response> admit(Request& request, const Route& route);

    /// Whether admit() would look nothing up.
    bool admits_at_once(const Request& request, const Route& route);

    /// Looks again at keys that are in use, ends the passes of those that are good no more, and
    /// notes, once a minute, when each was used.
    void renew();

private:
    struct Known {
        UnixMillis checked_at = 0;
        UnixMillis used_at = 0;
        double tokens = 0;
        UnixMillis refilled_at = 0;
        UnixMillis noted_at = 0;  // that it was used
        store::KeyRecord key;
        std::shared_ptr<Pass> pass;  // of all who came with this key
    };
    /// An address whose keys were wrong.
    struct Failures {
        int count = 0;
        UnixMillis last_at = 0;
        UnixMillis logged_at = 0;
    };
    Result<bool> look_up(const std::string& hash);
    bool is_fresh(const std::string& hash);
    std::optional<Response> check(Request& request, const Route& route, Known& known)
        REQUIRES(mutex_);
    std::optional<Response> check_rate(Request& request, Known& known) REQUIRES(mutex_);
    bool takes_token(Known& known, double most) REQUIRES(mutex_);
    static std::vector<Header> quota_of(const Known& known, int most);
    void forget_some() REQUIRES(mutex_);
    std::optional<Response> admit_upload(Request& request, std::string_view token);
    Response refuse(const std::string& peer, std::string_view message) REQUIRES(mutex_);

    Service& service_;
    Mutex mutex_;
    std::map<std::string, Known> known_ GUARDED_BY(mutex_);        // good ones, by hash
    std::map<std::string, Failures> failures_ GUARDED_BY(mutex_);  // by client_of
};

}  // namespace ittybit::api
