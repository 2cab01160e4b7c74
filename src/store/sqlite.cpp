#include "store/sqlite.h"

#include <algorithm>
#include <functional>
#include <future>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "store/sqlite_connection.h"

namespace ittybit::store {
namespace {

constexpr std::size_t kReadersKept = 8;
constexpr int kBitesOfLog = 80;  // of maintenance, before the log is copied
constexpr auto kPollEvery = std::chrono::milliseconds(200);

constexpr Dialect kDialect = {
    .skip_locked = "",
    .nobody_takes = "true",  // there is one writer
    .text = "TEXT",
    .migrate_alone = "",
};

}  // namespace

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
    // Made here first, so that it is nobody else's to read: SQLite copies the mode to its WAL.
    // Closed before SQLite opens it: a close takes all locks of this process on the file away, and
    // without them the next process that leaves would remove the WAL under our feet.
    Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!made) {
        return Error{ErrorKind::kUnavailable, "the data folder cannot be written to", "database"};
    }
    made.reset();
    auto writer = TRY(SqliteConnection::open(path));
    TRY(writer->run("PRAGMA wal_autocheckpoint = 4000"));  // pages; maintenance is there sooner
    std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path, std::move(writer)));
    return database;
}

SqliteDatabase::SqliteDatabase(std::string path, std::unique_ptr<SqliteConnection> writer)
    : path_(std::move(path)), writer_(std::move(writer)), committer_([this] { commit_all(); }) {}

SqliteDatabase::~SqliteDatabase() {
    {
        const MutexLock lock(queue_mutex_);
        is_closing_ = true;
    }
    queue_changed_.notify_one();
}

void SqliteDatabase::write_later(Work work, Done done) {
    {
        const MutexLock lock(queue_mutex_);
        queue_.push_back({std::move(work), std::move(done)});
    }
    queue_changed_.notify_one();
}

void SqliteDatabase::commit_all() {
    std::vector<Ticket> group;
    while (take_group(group)) {
        if (!group.empty()) {
            for (const auto& topic : commit_together(group)) changes_.tell(topic);
            for (auto& ticket : group) tell(ticket.done, std::move(ticket.outcome));
        }
        look_for_other_processes();
    }
}

bool SqliteDatabase::take_group(std::vector<Ticket>& group) {
    group.clear();
    MutexLock lock(queue_mutex_);
    const auto has_work = [&]() REQUIRES(queue_mutex_) {
        return is_closing_ || !queue_.empty() || !tidying_.empty();
    };
    queue_changed_.wait_for(lock, kPollEvery, has_work);
    if (is_closing_ && queue_.empty() && tidying_.empty()) return false;
    group.swap(queue_);
    const bool lets_tidy = group.empty() || has_tidying_waited_;
    if (lets_tidy) std::ranges::move(std::exchange(tidying_, {}), std::back_inserter(group));
    has_tidying_waited_ = !tidying_.empty();
    return true;
}

std::set<std::string> SqliteDatabase::commit_together(std::span<Ticket> group) {
    std::set<std::string> topics;
    const auto fail_all = [&](const Error& error) {
        for (auto& ticket : group) ticket.outcome = error;
        topics.clear();
        return topics;
    };
    const bool is_durable = std::ranges::any_of(group, std::not_fn(&Ticket::is_tidying));
    if (auto set = writer_->sync_commits(is_durable); !set) return fail_all(set.error());
    if (auto begun = writer_->run("BEGIN IMMEDIATE"); !begun) return fail_all(begun.error());
    for (auto& ticket : group) {
        // A savepoint each: the failure of one must not undo its neighbours.
        auto begun = writer_->run("SAVEPOINT work");
        ticket.outcome = begun ? attempt(ticket.work, *writer_) : Result<void>(begun.error());
        if (!writer_->is_in_transaction()) {
            return fail_all({ErrorKind::kDiskFull, "the database could not be written", "database"}
            );
        }
        // What failed has changed nothing: it wakes nobody, least of all who will try it again.
        auto announced = writer_->take_announced();
        if (ticket.outcome) topics.merge(announced);
        if (!ticket.outcome) static_cast<void>(writer_->run("ROLLBACK TO work"));
        static_cast<void>(writer_->run("RELEASE work"));
    }
    if (auto committed = writer_->run("COMMIT"); !committed) {
        static_cast<void>(writer_->run("ROLLBACK"));
        return fail_all(committed.error());
    }
    return topics;
}

/// The writer's connection sees the commits of all others here, and in this process there is no
/// other that writes.
void SqliteDatabase::look_for_other_processes() {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_at_ < kPollEvery) return;
    looked_at_ = now;
    const auto rows = writer_->run("PRAGMA data_version");
    if (!rows || rows->empty()) return;
    const auto version = rows->front().integer(0);
    const bool has_changed = data_version_ >= 0 && version != data_version_;
    data_version_ = version;
    if (has_changed) changes_.tell_all();
}

Result<void> SqliteDatabase::tidy(const Work& work) {
    std::promise<Result<void>> outcome;
    {
        const MutexLock lock(queue_mutex_);
        auto done = [&](Result<void> result) { outcome.set_value(std::move(result)); };
        tidying_.push_back({.work = work, .done = std::move(done), .is_tidying = true});
    }
    queue_changed_.notify_one();
    auto result = outcome.get_future().get();
    // What a bite adds to the log is copied into the file here, where nobody waits for it.
    if (++tidied_ % kBitesOfLog == 0) TRY(maintain());
    return result;
}

Result<void> SqliteDatabase::read(const Work& work) {
    auto reader = TRY(borrow_reader());
    TRY(reader->run("BEGIN"));
    auto outcome = work(*reader);
    TRY(reader->run("COMMIT"));
    const MutexLock lock(readers_mutex_);
    if (readers_.size() < kReadersKept) readers_.push_back(std::move(reader));
    return outcome;
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::borrow_reader() {
    {
        const MutexLock lock(readers_mutex_);
        if (!readers_.empty()) {
            auto reader = std::move(readers_.back());
            readers_.pop_back();
            return reader;
        }
    }
    auto reader = TRY(SqliteConnection::open(path_));
    TRY(reader->run("PRAGMA query_only = ON"));
    return reader;
}

const Dialect& SqliteDatabase::dialect() const {
    return kDialect;
}

Result<void> SqliteDatabase::check() {
    auto connection = TRY(SqliteConnection::open(path_));
    const auto rows = connection->run("PRAGMA quick_check(1)");
    const auto found = rows ? rows->empty() ? "ok" : rows->front().text(0) : rows.error().message;
    if (found == "ok") return {};
    return Error{
        ErrorKind::kUnavailable,
        fmt::format("{} is damaged: put a backup in its place ({})", path_, found), "database"
    };
}

Result<void> SqliteDatabase::maintain() {
    auto connection = TRY(SqliteConnection::open(path_));
    TRY(connection->run("PRAGMA wal_checkpoint(PASSIVE)"));
    return {};
}

}  // namespace ittybit::store
