#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/thread_safety.h"
#include "base/trouble.h"
#include "store/changes.h"
#include "store/postgres_connection.h"

namespace ittybit::store {

/// Carries changes between the processes on one PostgreSQL server by NOTIFY, on a connection and
/// a thread of its own, and knows what time it is there. What is told while the server is away is
/// not carried: then, and every fifteen seconds, everybody looks.
class PostgresListener : public Clock {
public:
    PostgresListener(std::string url, Changes& changes);
    ~PostgresListener() override;

    /// Tells the other processes. Any thread; does not wait. (Not in the transaction it is about:
    /// those that notify commit one by one, each with its own sync.)
    void relay(std::string_view topic, const std::string& text);

    /// Asks the server for its time now. Errors: `unavailable`.
    Result<void> compare_clocks();
    /// The server's clock, once it was asked.
    UnixMillis now() const override { return own_.now() + offset_; }

private:
    void run(const std::stop_token& stop);
    /// Until the connection is lost, or a stop.
    Result<void> serve(PGconn* connection, const std::stop_token& stop);
    Result<void> send_all(PGconn* connection);
    void hear_all(PGconn* connection);
    Result<void> compare_clocks_on(PGconn* connection);
    void wake() const;

    const std::string url_;
    Changes& changes_;
    const SystemClock own_;
    std::atomic<UnixMillis> offset_ = 0;
    std::atomic<bool> is_compared_ = false;
    Trouble trouble_{"other processes are not heard"};
    const Fd wake_;
    Mutex mutex_;
    std::vector<std::string> messages_ GUARDED_BY(mutex_);
    std::jthread thread_;
};

}  // namespace ittybit::store
