#include "store/postgres_pool.h"

#include <utility>

namespace ittybit::store {

Result<std::unique_ptr<PostgresConnection>> PostgresPool::borrow() {
    {
        MutexLock lock(mutex_);
        changed_.wait(lock, [&]() REQUIRES(mutex_) { return borrowed_ < kMost; });
        ++borrowed_;
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            return connection;
        }
    }
    auto made = PostgresConnection::open(url_);
    if (!made) give_back(nullptr);
    return made;
}

void PostgresPool::give_back(std::unique_ptr<PostgresConnection> connection) {
    std::vector<std::unique_ptr<PostgresConnection>> lost;  // closed without the lock
    {
        const MutexLock lock(mutex_);
        --borrowed_;
        if (connection && !connection->is_lost()) {
            idle_.push_back(std::move(connection));
        } else {
            lost = std::exchange(idle_, {});
        }
    }
    changed_.notify_one();
}

}  // namespace ittybit::store
