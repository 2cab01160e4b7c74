#include "store/postgres.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace ittybit::store {
namespace {

using std::chrono::milliseconds;

constexpr int kWriters = 8;
constexpr milliseconds kPatience{10'000};  // a restart takes less
constexpr milliseconds kFirstPause{10};
constexpr milliseconds kLongestPause{500};
constexpr milliseconds kFresh{1'000};  // so long the server is taken to be away

constexpr Dialect kDialect = {
    .skip_locked = " FOR UPDATE SKIP LOCKED",
    .nobody_takes = "pg_try_advisory_xact_lock(hashtextextended($1, 7881663263))",
    .text = "TEXT COLLATE \"C\"",
    .migrate_alone = "SELECT pg_advisory_xact_lock(7881663262)",  // ours among all applications
};

}  // namespace

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::open(const std::string& url) {
    std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(url));
    TRY(database->check());
    TRY(database->until_it_stands(Steady::now() + kPatience, [&] {
        return database->try_preparing();
    }));
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
    put_back({std::move(work), std::move(done), Steady::now() + kPatience});
}

void PostgresDatabase::put_back(Ticket ticket) {
    {
        const MutexLock lock(mutex_);
        queue_.push_back(std::move(ticket));
    }
    changed_.notify_one();
}

/// The next that waits, once there is one; nothing at the end.
std::optional<PostgresDatabase::Ticket> PostgresDatabase::take() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return is_closing_ || !queue_.empty(); });
    if (queue_.empty()) return std::nullopt;
    auto ticket = std::move(queue_.front());
    queue_.pop_front();
    return ticket;
}

/// Nobody is told anything in doubt: whoever hears that nothing was written takes back what he did
/// outside. Others have their turn meanwhile.
void PostgresDatabase::write_all() {
    while (auto ticket = take()) {
        auto outcome = until_it_stands(ticket->until, [&] { return try_writing(*ticket); });
        if (ticket->doubt && pause_unless_closing(kLongestPause)) {
            put_back(*std::move(ticket));
        } else {
            tell(ticket->done, std::move(outcome));
        }
    }
}

Result<void> PostgresDatabase::read(const Work& work) {
    return until_it_stands(Steady::now() + kPatience, [&] { return try_reading(work); });
}

/// Tries again what may succeed then, and once whatever the time is.
Result<void> PostgresDatabase::until_it_stands(
    Steady::time_point until, const std::function<Try()>& once
) {
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

void PostgresDatabase::note_loss(const Error& error) {
    const MutexLock lock(mutex_);
    loss_ = {error, Steady::now()};
}

/// Why the server was away a moment ago.
std::optional<Error> PostgresDatabase::fresh_loss() {
    const MutexLock lock(mutex_);
    if (!loss_ || Steady::now() - loss_->at > kFresh) return std::nullopt;
    return loss_->error;
}

/// Nothing when that cannot be told now.
std::optional<bool> PostgresDatabase::has_committed(const PostgresConnection::Mark& mark) {
    auto connection = pool_.borrow();
    if (!connection) return std::nullopt;
    auto& session = **connection;
    session.begin_writing();
    const auto holds = session.holds(mark);
    if (!session.is_lost()) session.roll_back();
    pool_.give_back(*std::move(connection));
    if (!holds) return std::nullopt;
    return *holds;
}

/// Settles first what the last try came to. What waited longer than we have patience is not kept
/// waiting for a server that was just found away.
PostgresDatabase::Try PostgresDatabase::try_writing(Ticket& ticket) {
    if (ticket.doubt) {
        const auto stands = has_committed(ticket.doubt->mark);
        if (!stands) {
            return {Error{
                ErrorKind::kUnavailable, "the database does not say whether it wrote this",
                "database"
            }};
        }
        const auto doubt = *std::exchange(ticket.doubt, std::nullopt);
        if (*stands) {
            for (const auto& topic : doubt.announced) changes_.tell(topic);
            return {};
        }
    }
    if (Steady::now() >= ticket.until) {
        if (auto loss = fresh_loss()) return {*std::move(loss)};
    }
    auto tried = write_once(ticket);
    if (tried.is_lost) note_loss(tried.outcome.error());
    return tried;
}

PostgresDatabase::Try PostgresDatabase::write_once(Ticket& ticket) {
    auto connection = pool_.borrow();
    if (!connection) return {std::move(connection).error(), true, true};
    auto& session = **connection;
    session.begin_writing();
    Try tried{attempt(ticket.work, session)};
    bool is_in_doubt = false;
    if (tried.outcome) {
        tried.outcome = session.commit();
        is_in_doubt = session.is_lost();
    } else if (!session.is_lost()) {
        session.roll_back();
    }
    tried.is_lost = session.is_lost();
    tried.may_try_again = !tried.outcome && (tried.is_lost || session.was_in_conflict());
    const auto announced = session.take_announced();
    if (is_in_doubt) ticket.doubt = {session.mark(), announced};
    pool_.give_back(*std::move(connection));
    if (tried.outcome) {
        for (const auto& topic : announced) changes_.tell(topic);
    }
    return tried;
}

PostgresDatabase::Try PostgresDatabase::try_preparing() {
    if (auto compared = listener_.compare_clocks(); !compared) return {std::move(compared), true};
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
