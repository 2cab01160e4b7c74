#include "store/sqlite.h"

#include <semaphore>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "store/sqlite_connection.h"

namespace ittybit::store {
namespace {

constexpr std::size_t kReadersKept = 8;
constexpr std::size_t kLargestGroup = 256;
constexpr auto kPollEvery = std::chrono::milliseconds(200);

}  // namespace

/// One caller that waits for its work to be committed, or to lead the next group.
struct SqliteDatabase::Ticket {
    const Work* work;
    Result<void> outcome;
    bool is_done = false;
    std::binary_semaphore wake{0};

    explicit Ticket(const Work& given) : work(&given) {}
};

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
    // Made here first, so that it is nobody else's to read: SQLite copies the mode to its WAL.
    // Closed before SQLite opens it: a close takes all locks of this process on the file away, and
    // without them the next process that leaves would remove the WAL under our feet.
    Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!made) {
        return Error{"unavailable", "the data folder cannot be written to", "database"};
    }
    made.reset();
    auto writer = TRY(SqliteConnection::open(path));
    std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path, std::move(writer)));
    return database;
}

SqliteDatabase::SqliteDatabase(std::string path, std::unique_ptr<SqliteConnection> writer)
    : path_(std::move(path)),
      writer_(std::move(writer)),
      watcher_([this](const std::stop_token& stop) { watch_other_processes(stop); }) {}

SqliteDatabase::~SqliteDatabase() {
    watcher_.request_stop();
    version_changed_.notify_all();
}

Result<void> SqliteDatabase::write(const Work& work) {
    Ticket ticket(work);
    std::unique_lock lock(queue_mutex_);
    queue_.push_back(&ticket);
    if (is_leading_) {
        lock.unlock();
        ticket.wake.acquire();
        if (ticket.is_done) return std::move(ticket.outcome);
        lock.lock();  // woken to lead the next group
    }
    is_leading_ = true;
    std::vector<Ticket*> group;
    while (!queue_.empty() && group.size() < kLargestGroup) {
        group.push_back(queue_.front());
        queue_.pop_front();
    }
    lock.unlock();
    commit_together(group);
    bump_version();
    lock.lock();
    Ticket* next = queue_.empty() ? nullptr : queue_.front();
    is_leading_ = next != nullptr;
    lock.unlock();
    for (auto* member : group) {
        if (member == &ticket) continue;
        member->is_done = true;
        member->wake.release();
    }
    if (next != nullptr) next->wake.release();
    return std::move(ticket.outcome);
}

void SqliteDatabase::commit_together(const std::vector<Ticket*>& group) {
    const auto fail_all = [&](const Error& error) {
        for (auto* ticket : group) ticket->outcome = error;
    };
    if (auto begun = writer_->run("BEGIN IMMEDIATE"); !begun) return fail_all(begun.error());
    for (auto* ticket : group) {
        // A savepoint each: the failure of one must not undo its neighbours.
        auto begun = writer_->run("SAVEPOINT work");
        ticket->outcome = begun ? (*ticket->work)(*writer_) : Result<void>(begun.error());
        if (!writer_->is_in_transaction()) {
            return fail_all({"disk_full", "the database could not be written", "database"});
        }
        if (!ticket->outcome) static_cast<void>(writer_->run("ROLLBACK TO work"));
        static_cast<void>(writer_->run("RELEASE work"));
    }
    if (auto committed = writer_->run("COMMIT"); !committed) {
        static_cast<void>(writer_->run("ROLLBACK"));
        fail_all(committed.error());
    }
}

Result<void> SqliteDatabase::read(const Work& work) {
    auto reader = TRY(borrow_reader());
    TRY(reader->run("BEGIN"));
    auto outcome = work(*reader);
    TRY(reader->run("COMMIT"));
    const std::lock_guard lock(readers_mutex_);
    if (readers_.size() < kReadersKept) readers_.push_back(std::move(reader));
    return outcome;
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::borrow_reader() {
    {
        const std::lock_guard lock(readers_mutex_);
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

void SqliteDatabase::bump_version() {
    {
        const std::lock_guard lock(version_mutex_);
        ++version_;
    }
    version_changed_.notify_all();
}

void SqliteDatabase::wait_for_change(
    std::uint64_t seen, std::chrono::milliseconds timeout, const std::stop_token& stop
) {
    std::unique_lock lock(version_mutex_);
    version_changed_.wait_for(lock, stop, timeout, [&] { return version_.load() != seen; });
}

void SqliteDatabase::watch_other_processes(const std::stop_token& stop) {
    auto connection = SqliteConnection::open(path_);
    if (!connection) return;
    std::int64_t last = -1;
    std::mutex mutex;
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
        // data_version also grows with our own writer's commits; one wake-up too many is harmless.
        if (const auto rows = (*connection)->run("PRAGMA data_version"); rows && !rows->empty()) {
            const auto now = rows->front().integer(0);
            if (last >= 0 && now != last) bump_version();
            last = now;
        }
        std::unique_lock lock(mutex);
        never.wait_for(lock, stop, kPollEvery, [] { return false; });
    }
}

Result<void> SqliteDatabase::maintain() {
    auto connection = TRY(SqliteConnection::open(path_));
    TRY(connection->run("PRAGMA wal_checkpoint(PASSIVE)"));
    return {};
}

}  // namespace ittybit::store
