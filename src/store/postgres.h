#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_safety.h"
#include "store/database.h"
#include "store/postgres_listener.h"
#include "store/postgres_pool.h"

namespace ittybit::store {

/// A PostgreSQL server, 13 or newer, that many processes share. A few threads write, each one
/// transaction at a time, and the server lets those of one moment share a sync. Through a restart
/// of the server, and whenever transactions were in each other's way, work is tried again.
class PostgresDatabase : public Database {
public:
    /// `url` is postgres://…, as libpq has it. Errors: `unavailable`, saying what is wrong.
    static Result<std::unique_ptr<PostgresDatabase>> open(const std::string& url);
    ~PostgresDatabase() override;

    void write_later(Work work, Done done) override;
    Result<void> read(const Work& work) override;
    Changes& changes() override { return changes_; }
    const Dialect& dialect() const override;
    const Clock& clock() const override { return listener_; }
    Result<void> check() override;
    /// Forgets connections that are gone. The rest is done by the server's autovacuum.
    Result<void> maintain() override;

private:
    using Steady = std::chrono::steady_clock;

    /// A commit that was not answered: what it left behind, if it happened, and has to tell then.
    struct Doubt {
        PostgresConnection::Mark mark;
        std::set<std::string> announced;
    };
    struct Ticket {
        Work work;
        Done done;
        Steady::time_point until;         // so long it is tried again
        std::optional<Doubt> doubt = {};  // of its last try
    };
    /// What a try of a transaction came to.
    struct Try {
        Result<void> outcome = {};
        bool may_try_again = false;
        bool is_lost = false;  // the server, or the way to it
    };
    struct Loss {
        Error error;
        Steady::time_point at;
    };

    explicit PostgresDatabase(std::string url);
    void write_all();
    std::optional<Ticket> take();
    void put_back(Ticket ticket);
    Try try_writing(Ticket& ticket);
    Try write_once(Ticket& ticket);
    Try try_reading(const Work& work);
    Try try_preparing();
    Result<void> until_it_stands(Steady::time_point until, const std::function<Try()>& once);
    std::optional<bool> has_committed(const PostgresConnection::Mark& mark);
    void note_loss(const Error& error);
    std::optional<Error> fresh_loss();
    bool pause_unless_closing(std::chrono::milliseconds time);

    PostgresPool pool_;
    Changes changes_;
    PostgresListener listener_;

    Mutex mutex_;
    std::condition_variable_any changed_;
    std::condition_variable_any closed_;
    std::deque<Ticket> queue_ GUARDED_BY(mutex_);
    std::optional<Loss> loss_ GUARDED_BY(mutex_);  // the last, of those that write
    bool is_closing_ GUARDED_BY(mutex_) = false;
    std::vector<std::jthread> writers_;
};

}  // namespace ittybit::store
