#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_safety.h"
#include "store/database.h"

namespace ittybit::store {

class SqliteConnection;

/// SQLite in one file: WAL, every commit synced to disk. One thread writes, in one commit all that
/// has come while it was busy with the last; whoever reads does so on a connection of its own.
class SqliteDatabase : public Database {
public:
    /// Opens or creates the file (mode 0600). Errors: `unavailable`, saying what is wrong with it.
    static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);
    ~SqliteDatabase() override;

    void write_later(Work work, Done done) override;
    Result<void> read(const Work& work) override;
    Changes& changes() override { return changes_; }
    const Dialect& dialect() const override;
    const Clock& clock() const override { return clock_; }
    Result<void> check() override;
    Result<void> maintain() override;

private:
    /// One write that waits for its commit.
    struct Ticket {
        Work work;
        Done done;
        Result<void> outcome = {};
    };

    SqliteDatabase(std::string path, std::unique_ptr<SqliteConnection> writer);
    void commit_all();
    /// What is to be told of what was committed.
    std::set<std::string> commit_together(std::span<Ticket> group);
    void look_for_other_processes();
    Result<std::unique_ptr<SqliteConnection>> borrow_reader();

    const std::string path_;
    std::unique_ptr<SqliteConnection> writer_;

    Mutex queue_mutex_;
    std::condition_variable_any queue_changed_;
    std::vector<Ticket> queue_ GUARDED_BY(queue_mutex_);
    bool is_closing_ GUARDED_BY(queue_mutex_) = false;

    Mutex readers_mutex_;
    std::vector<std::unique_ptr<SqliteConnection>> readers_ GUARDED_BY(readers_mutex_);

    Changes changes_;
    const SystemClock clock_;
    std::int64_t data_version_ = -1;  // the committer's
    std::chrono::steady_clock::time_point looked_at_{};
    std::jthread committer_;
};

}  // namespace ittybit::store
