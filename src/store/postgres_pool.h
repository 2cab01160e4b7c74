#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_safety.h"
#include "store/postgres_connection.h"

namespace ittybit::store {

/// The connections of one process, made as they are needed and kept. Safe from any thread.
class PostgresPool {
public:
    /// Beside one that listens: several servers and workers share the server's 100.
    static constexpr std::size_t kMost = 16;

    explicit PostgresPool(std::string url) : url_(std::move(url)) {}

    /// One that nobody uses, once there is one. Errors: `unavailable`.
    Result<std::unique_ptr<PostgresConnection>> borrow();

    /// Every connection that was borrowed comes back. Where it is lost, so are those that lie here.
    void give_back(std::unique_ptr<PostgresConnection> connection);

private:
    const std::string url_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<std::unique_ptr<PostgresConnection>> idle_ GUARDED_BY(mutex_);
    std::size_t borrowed_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ittybit::store
