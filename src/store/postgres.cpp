#include "store/postgres.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace ittybit::store {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kWriters = 8;
constexpr milliseconds kPatience{10'000};  // a restart takes less
constexpr milliseconds kFirstPause{10};
constexpr milliseconds kLongestPause{500};

constexpr Dialect kDialect = {
    .skip_locked = " FOR UPDATE SKIP LOCKED",
    .text = "TEXT COLLATE \"C\"",
    .migrate_alone = "SELECT pg_advisory_xact_lock(7881663262)",  // ours among all applications
};

}  // namespace

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::open(const std::string& url) {
    std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(url));
    TRY(database->check());
    TRY(database->until_it_stands([&] { return database->try_preparing(); }));
    return database;
}

PostgresDatabase::PostgresDatabase(std::string url)
    : pool_(url),
      changes_([this](std::string_view topic, const std::string& text) {
          listener_.relay(topic, text);
      }),
      listener_(std::move(url), changes_) {
    for (int i = 0; i < kWriters; ++i) writers_.emplace_back([this] { write_all(); });
}

/// What waits is written first, where the server is there.
PostgresDatabase::~PostgresDatabase() {
    {
        const MutexLock lock(mutex_);
        is_closing_ = true;
    }
    closed_.notify_all();
    changed_.notify_all();
}

const Dialect& PostgresDatabase::dialect() const {
    return kDialect;
}

void PostgresDatabase::write_later(Work work, Done done) {
    {
        const MutexLock lock(mutex_);
        queue_.push_back({std::move(work), std::move(done)});
    }
    changed_.notify_one();
}

void PostgresDatabase::write_all() {
    for (;;) {
        Ticket ticket;
        {
            MutexLock lock(mutex_);
            changed_.wait(lock, [&]() REQUIRES(mutex_) { return is_closing_ || !queue_.empty(); });
            if (queue_.empty()) return;
            ticket = std::move(queue_.front());
            queue_.pop_front();
        }
        tell(ticket.done, until_it_stands([&] { return try_writing(ticket.work); }));
    }
}

Result<void> PostgresDatabase::read(const Work& work) {
    return until_it_stands([&] { return try_reading(work); });
}

/// Tries again what may succeed then, for as long as our patience lasts.
Result<void> PostgresDatabase::until_it_stands(const std::function<Try()>& once) {
    const auto until = Steady::now() + kPatience;
    for (auto wait = kFirstPause;; wait = std::min(wait * 2, kLongestPause)) {
        auto tried = once();
        if (!tried.may_try_again || Steady::now() >= until) return std::move(tried.outcome);
        if (!pause_unless_closing(wait)) return std::move(tried.outcome);
    }
}

bool PostgresDatabase::pause_unless_closing(milliseconds time) {
    MutexLock lock(mutex_);
    return !closed_.wait_for(lock, time, [&]() REQUIRES(mutex_) { return is_closing_; });
}

/// Asks for as long as it takes: whoever is told that nothing was written takes back what he did
/// outside.
bool PostgresDatabase::has_committed(const PostgresConnection::Mark& mark) {
    for (auto wait = kFirstPause;; wait = std::min(wait * 2, kLongestPause)) {
        if (auto connection = pool_.borrow()) {
            auto& session = **connection;
            session.begin_writing();
            const auto holds = session.holds(mark);
            if (!session.is_lost()) session.roll_back();
            const bool may_try_again = session.is_lost() || session.was_in_conflict();
            pool_.give_back(*std::move(connection));
            if (holds || !may_try_again) return holds && *holds;
        }
        if (!pause_unless_closing(wait)) return false;
    }
}

PostgresDatabase::Try PostgresDatabase::try_writing(const Work& work) {
    auto connection = pool_.borrow();
    if (!connection) return {std::move(connection).error(), true};
    auto& session = **connection;
    session.begin_writing();
    Try tried{attempt(work, session)};
    bool is_in_doubt = false;
    if (tried.outcome) {
        tried.outcome = session.commit();
        is_in_doubt = session.is_lost();
    } else if (!session.is_lost()) {
        session.roll_back();
    }
    tried.may_try_again = !tried.outcome && (session.is_lost() || session.was_in_conflict());
    const auto announced = session.take_announced();
    const auto mark = session.mark();
    pool_.give_back(*std::move(connection));
    if (is_in_doubt && has_committed(mark)) tried = {};
    if (tried.outcome) {
        for (const auto& topic : announced) changes_.tell(topic);
    }
    return tried;
}

PostgresDatabase::Try PostgresDatabase::try_preparing() {
    auto connection = pool_.borrow();
    if (!connection) return {std::move(connection).error(), true};
    auto prepared = (*connection)->prepare_server();
    const bool may_try_again = (*connection)->is_lost();
    if (!prepared && !may_try_again) (*connection)->roll_back();
    pool_.give_back(*std::move(connection));
    return {std::move(prepared), may_try_again};
}

PostgresDatabase::Try PostgresDatabase::try_reading(const Work& work) {
    auto connection = pool_.borrow();
    if (!connection) return {std::move(connection).error(), true};
    auto& session = **connection;
    session.begin_reading();
    Try tried{attempt(work, session)};
    if (!session.is_lost()) session.roll_back();
    tried.may_try_again = !tried.outcome && (session.is_lost() || session.was_in_conflict());
    pool_.give_back(*std::move(connection));
    return tried;
}

Result<void> PostgresDatabase::check() {
    return read([](Session& session) -> Result<void> {
        const auto rows =
            TRY(session.run("SELECT current_setting('server_version_num')::bigint, "
                            "current_setting('server_encoding')"));
        const auto version = rows.front().integer(0) / 10'000;
        if (version >= 13 && rows.front().text(1) == "UTF8") return {};
        return Error{
            ErrorKind::kUnavailable,
            fmt::format(
                "the database is {} in PostgreSQL {}: it must be UTF8 in 13 or newer",
                rows.front().text(1), version
            ),
            "database"
        };
    });
}

Result<void> PostgresDatabase::maintain() {
    return write([](Session& session) -> Result<void> {
        TRY(session.run("DELETE FROM commits WHERE written_at < now() - interval '1 day'"));
        return {};
    });
}

}  // namespace ittybit::store
