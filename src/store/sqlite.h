#pragma once

#include <atomic>
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

/// SQLite in one file: WAL, every commit synced to disk but those of maintenance. One thread
/// writes, in one commit all that has come while it was busy with the last; whoever reads does so
/// on a connection of its own, and whoever tidies copies the log into the file.
class SqliteDatabase : public Database {
public:
    /// Opens or creates the file (mode 0600). Errors: `unavailable`, saying what is wrong with it.
    static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);
    ~SqliteDatabase() override;

    void write_later(Work work, Done done) override;
    Result<void> tidy(const Work& work) override;
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
        bool is_tidying = false;
        Result<void> outcome = {};
    };

    SqliteDatabase(std::string path, std::unique_ptr<SqliteConnection> writer);
    void commit_all();
    /// Waits for the next group, for a while. False at the end.
    bool take_group(std::vector<Ticket>& group);
    /// What is to be told of what was committed.
    std::set<std::string> commit_together(std::span<Ticket> group);
    void look_for_other_processes();
    Result<std::unique_ptr<SqliteConnection>> borrow_reader();

    const std::string path_;
    std::unique_ptr<SqliteConnection> writer_;

    Mutex queue_mutex_;
    std::condition_variable_any queue_changed_;
    std::vector<Ticket> queue_ GUARDED_BY(queue_mutex_);
    std::vector<Ticket> tidying_ GUARDED_BY(queue_mutex_);      // for when nobody else writes
    bool has_tidying_waited_ GUARDED_BY(queue_mutex_) = false;  // for a group of others
    bool is_closing_ GUARDED_BY(queue_mutex_) = false;

    Mutex readers_mutex_;
    std::vector<std::unique_ptr<SqliteConnection>> readers_ GUARDED_BY(readers_mutex_);

    std::atomic<int> tidied_ = 0;  // bites of maintenance
    Changes changes_;
    const SystemClock clock_;
    std::int64_t data_version_ = -1;  // the committer's
    std::chrono::steady_clock::time_point looked_at_{};
    std::jthread committer_;
};

}  // namespace ittybit::store
