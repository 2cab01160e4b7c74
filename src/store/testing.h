#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/thread_safety.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/postgres.h"
#include "store/records.h"
#include "store/sqlite.h"

/// What the store's tests share.
namespace ittybit::store {

inline constexpr UnixMillis kNow = 1'700'000'000'000;

/// Every statement that the stores of these tests have run: plans_test looks at how each is done.
class Statements {
public:
    void hear(std::string_view sql) {
        const MutexLock lock(mutex_);
        all_.emplace(sql);
    }
    std::set<std::string> all() const {
        const MutexLock lock(mutex_);
        return all_;
    }

private:
    mutable Mutex mutex_;
    std::set<std::string> all_ GUARDED_BY(mutex_);
};

inline Statements& statements() {
    static Statements all;
    return all;
}

inline Order order_for(const std::string& kind, const std::string& url, json::object sent = {}) {
    Order order;
    order.kind = kind;
    order.input = {ExternalFile{.url = url}};
    auto& output = order.outputs.emplace_back();
    std::vector<OptionProblem> unused;
    output.work = read_work(kind, json::object(), unused);
    output.sent = std::move(sent);
    return order;
}

inline JobRecord record_for(
    const std::string& kind, const std::string& url, json::object sent = {}, UnixMillis now = kNow
) {
    return JobRecord::make(order_for(kind, url, std::move(sent)), false, now);
}

/// Stores a job as a request does; whether it is there.
inline bool add_job(Database& database, const JobRecord& record) {
    std::promise<bool> stored;
    JobStore(database).create_later(record, {}, {}, [&](const auto& created) {
        stored.set_value(bool(created));
    });
    return stored.get_future().get();
}

/// A database that nobody else uses, for one test.
struct Fixture {
    std::string folder;  // of SQLite's file
    std::string url;     // of PostgreSQL
    std::unique_ptr<Database> database;

    bool is_postgres() const { return !url.empty(); }

    /// The same database, as another process has it.
    std::unique_ptr<Database> open_again() const {
        if (is_postgres()) return value_or_fail(PostgresDatabase::open(url));
        return value_or_fail(SqliteDatabase::open(folder + "/test.db"));
    }

    void close() {
        database.reset();
        if (!folder.empty()) std::filesystem::remove_all(folder);
    }

private:
    template <typename T>
    static std::unique_ptr<Database> value_or_fail(Result<std::unique_ptr<T>> opened) {
        EXPECT_TRUE(opened) << opened.error().message;
        return *std::move(opened);
    }
};

/// Opens a database of one kind.
using Opener = Fixture (*)();

inline Fixture open_sqlite() {
    const auto folder = std::filesystem::temp_directory_path() / ("ittybit-" + random_hex(64));
    std::filesystem::create_directory(folder);
    Fixture fixture{folder.string(), {}, {}};
    fixture.database = fixture.open_again();
    return fixture;
}

/// A PostgreSQL server for all tests of this program, which ends with it.
class TestServer {
public:
    static const TestServer& one() {
        static const TestServer server;
        return server;
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;
    ~TestServer() { ::pclose(input_); }

    const std::string& url() const { return url_; }
    const std::string& folder() const { return folder_; }

    /// Runs tests/postgres_server.sh on it.
    void control(const std::string& action, const std::string& mode = "") const {
        const auto command = fmt::format("{} {} {} {}", kScript, action, folder_, mode);
        EXPECT_EQ(std::system(command.c_str()), 0) << command;
    }

private:
    static constexpr std::string_view kScript = "tests/postgres_server.sh";

    TestServer()
        : folder_(std::filesystem::temp_directory_path() / ("pg-" + random_hex(64))),
          url_(fmt::format("postgres:///postgres?host={}&user=postgres", folder_)),
          input_(::popen(fmt::format("{} run {}", kScript, folder_).c_str(), "we")) {
        for (int i = 0; i < 30 && !PostgresDatabase::open(url_); ++i) continue;
    }

    const std::string folder_;
    const std::string url_;
    std::FILE* const input_;
};

inline void run_sql(Database& database, const std::string& sql) {
    const auto done = writing(database, [&](Session& session) { return session.run(sql); });
    EXPECT_TRUE(done) << sql << ": " << (done ? "" : done.error().message);
}

/// A database without tables.
inline Fixture open_bare_postgres() {
    Fixture fixture{{}, TestServer::one().url(), {}};
    fixture.database = fixture.open_again();
    run_sql(
        *fixture.database, "DO $$ BEGIN DROP SCHEMA public CASCADE; CREATE SCHEMA public; END $$"
    );
    fixture.database = fixture.open_again();
    return fixture;
}

/// An empty one. Its tables are kept from test to test, since making them takes longest.
inline Fixture open_postgres() {
    static const bool is_bare [[maybe_unused]] = bool(open_bare_postgres().database);
    Fixture fixture{{}, TestServer::one().url(), {}};
    fixture.database = fixture.open_again();
    EXPECT_TRUE(migrate(*fixture.database));
    constexpr std::string_view kEmptyAll = R"(DO $$ DECLARE name TEXT; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND
            tablename NOT IN ('schema', 'commits')
        LOOP EXECUTE 'DELETE FROM ' || name; END LOOP; END $$)";
    run_sql(*fixture.database, std::string(kEmptyAll));
    return fixture;
}

inline std::string name_of_opener(Opener opener) {
    return opener == &open_sqlite ? "Sqlite" : "Postgres";
}

}  // namespace ittybit::store
