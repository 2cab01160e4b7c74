#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/thread_safety.h"
#include "net/client.h"

namespace ittybit::net {

/// Many exchanges at once on one thread of its own, for those that mostly wait. The same guard and
/// rules as Client's; no redirect is followed, and the answer's body is not read.
class Transfers {
public:
    /// Called once for each exchange, on the thread of the Transfers: it must not wait.
    using Done = std::function<void(Result<Response>)>;

    explicit Transfers(const Client& client);
    Transfers(const Transfers&) = delete;
    Transfers& operator=(const Transfers&) = delete;
    /// What is still under way ends as `cancelled`.
    ~Transfers();

    /// From any thread; returns at once. `done` is given what Client::send would return.
    void start(Request request, Done done);

private:
    struct Transfer;
    struct Free {
        void operator()(void* multi) const;
    };

    void run(const std::stop_token& stop);
    void add_started();
    void end_finished();

    const Client::Settings& settings_;
    std::unique_ptr<void, Free> multi_;                             // a CURLM
    std::unordered_map<void*, std::unique_ptr<Transfer>> running_;  // by CURL handle

    Mutex mutex_;
    std::vector<std::unique_ptr<Transfer>> started_ GUARDED_BY(mutex_);

    std::jthread thread_;  // last: ends before what it uses
};

}  // namespace ittybit::net
