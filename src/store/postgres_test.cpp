// What holds for PostgreSQL alone: other processes on it, and a server or a connection that goes
// away at the worst moment.

#include "store/postgres.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <future>
#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/postgres_text.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"

namespace ittybit::store {
namespace {

using namespace std::chrono_literals;

/// Stands between a client and the server, and can cut their connection at the worst moment.
class CuttingProxy {
public:
    CuttingProxy() : listening_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        std::filesystem::create_directory(folder_);
        const auto address = address_in(folder_);
        const auto* general = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(::bind(listening_.get(), general, sizeof address), 0);
        EXPECT_EQ(::listen(listening_.get(), 8), 0);
        accepting_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
    }
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;
    ~CuttingProxy() {
        accepting_.request_stop();
        accepting_.join();
        pairs_.clear();
        std::filesystem::remove_all(folder_);
    }

    std::string url() const {
        return fmt::format("postgres:///postgres?host={}&user=postgres", folder_);
    }

    /// At the next commit, once. Or, until something else is said: after every commit, and nobody
    /// is let in again; all that listen.
    enum class Cut { kNone, kBeforeCommit, kAfterCommit, kAway, kListening };
    void cut(Cut how) { cut_ = how; }
    bool has_cut() const { return cut_ == Cut::kNone; }

private:
    static sockaddr_un address_in(const std::string& folder) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "{}/.s.PGSQL.5432", folder);
        return address;
    }

    static bool is_readable(int socket) {
        pollfd one{socket, POLLIN, 0};
        return ::poll(&one, 1, 20) > 0;
    }

    void accept_all(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!is_readable(listening_.get())) continue;
            Fd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (cut_ == Cut::kAway) continue;
            pairs_.emplace_back([this, client = std::move(client)](const std::stop_token& end) {
                shuttle(client, end);
            });
        }
    }

    void shuttle(const Fd& client, const std::stop_token& stop) {
        const Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto address = address_in(TestServer::one().folder());
        const auto* general = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(server.get(), general, sizeof address) != 0) return;
        while (!stop.stop_requested()) {
            if (is_readable(server.get()) && !pass(server.get(), client.get())) return;
            if (is_readable(client.get()) && !pass(client.get(), server.get())) return;
        }
    }

    /// Before or after this is passed on, if at all.
    Cut cut_for(std::string_view text) {
        const auto cut = cut_.load();
        if (cut == Cut::kListening) {
            return text.find("LISTEN") != text.npos ? Cut::kBeforeCommit : Cut::kNone;
        }
        if (text.find("COMMIT") == text.npos) return Cut::kNone;
        return cut == Cut::kAway ? Cut::kAfterCommit : cut_.exchange(Cut::kNone);
    }

    bool pass(int from, int to) {
        std::array<char, 65'536> bytes{};
        const auto count = ::recv(from, bytes.data(), bytes.size(), 0);
        if (count <= 0) return false;
        const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
        const auto cut = cut_for(text);
        if (cut == Cut::kBeforeCommit) return false;
        const bool is_passed = ::send(to, bytes.data(), text.size(), MSG_NOSIGNAL) == count;
        if (cut == Cut::kAfterCommit) {
            while (!is_readable(to)) continue;
            return false;
        }
        return is_passed;
    }

    const std::string folder_ =
        std::filesystem::temp_directory_path() / ("proxy-" + random_hex(64));
    const Fd listening_;
    std::atomic<Cut> cut_ = Cut::kNone;
    std::vector<std::jthread> pairs_;
    std::jthread accepting_;
};

bool create(Database& database, const JobRecord& record) {
    std::promise<bool> made;
    JobStore(database).create_later(record, {}, {}, [&](const Result<JobStore::Created>& created) {
        made.set_value(bool(created));
    });
    return made.get_future().get();
}

TEST(PostgresText, TextOfAnyBytesComesBackAndDifferentTextsStayDifferent) {
    const std::vector<std::string> texts = {
        "",
        "plain",
        "日本語",
        std::string("a\0b", 3),
        "\xff",
        "é\xff",
        "\uF8FF",
        "\uF8FF"
        "00é",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xc0\x80",
    };
    std::set<std::string> written;
    for (const auto& text : texts) {
        EXPECT_EQ(from_postgres(to_postgres(text)), text);
        written.insert(to_postgres(text));
    }
    EXPECT_EQ(written.size(), texts.size());
    EXPECT_EQ(to_postgres("日本語"), "日本語");
    auto fixture = open_postgres();
    SettingTable settings(*fixture.database);
    for (const auto& text : texts) {
        ASSERT_TRUE(settings.set("text", text));
        EXPECT_EQ(*settings.get("text"), text);
    }
}

TEST(Postgres, ProcessesThatStartAtOnceMigrateOnce) {
    auto fixture = open_bare_postgres();
    std::vector<std::future<bool>> started;
    for (int i = 0; i < 3; ++i) {
        started.push_back(std::async(std::launch::async, [&] {
            const auto database = fixture.open_again();
            return bool(migrate(*database)) && bool(SettingTable(*database).get("a"));
        }));
    }
    for (auto& one : started) EXPECT_TRUE(one.get());
}

TEST(Postgres, AnotherProcessHearsWhatWasTold) {
    auto fixture = open_postgres();
    const auto other = fixture.open_again();
    const auto news = other->changes().subscribe({"job:1", "progress:1"});
    ASSERT_TRUE(news->wait(30s, {})) << "it looks once when it begins to listen";
    news->take();
    const auto own = fixture.database->changes().subscribe({"job:1"});
    ASSERT_TRUE(fixture.database->write([](Session& session) -> Result<void> {
        session.announce("job:1");
        session.announce("job:2");
        return {};
    }));
    fixture.database->changes().tell("progress:1", R"({"percent":"ä\u0000"})");
    std::vector<Changes::Message> heard;
    while (heard.size() < 2 && news->wait(30s, {})) {
        for (auto& message : news->take()) {
            if (!message.topic.empty()) heard.push_back(std::move(message));
        }
    }
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[0].topic, "job:1");
    EXPECT_EQ(heard[1].topic, "progress:1");
    EXPECT_EQ(heard[1].text, R"({"percent":"ä\u0000"})");
    const auto told = own->take();
    EXPECT_EQ(std::ranges::count(told, "job:1", &Changes::Message::topic), 1);
}

TEST(Postgres, ACommitThatIsNotAnsweredHappensOnce) {
    auto fixture = open_postgres();
    for (const auto cut : {CuttingProxy::Cut::kBeforeCommit, CuttingProxy::Cut::kAfterCommit}) {
        CuttingProxy proxy;
        const auto database = *PostgresDatabase::open(proxy.url());
        const auto record = record_for("video", "https://example.com/a.mp4");
        proxy.cut(cut);
        EXPECT_TRUE(create(*database, record)) << "made twice, it would collide with itself";
        EXPECT_TRUE(proxy.has_cut());
        EXPECT_TRUE(*JobStore(*fixture.database).find_job(record.job.id));
        const auto held = Queue(*database).claim("worker", kNow + 10);
        ASSERT_TRUE(held && *held);
        Ending ending{(*held)->record};
        ending.record.job.status = JobStatus::kSucceeded;
        proxy.cut(cut);
        const auto finished = Queue(*database).finish((*held)->claim, ending, kNow + 20);
        EXPECT_TRUE(finished && *finished)
            << "told that it did not, the worker takes its files away";
        EXPECT_TRUE(proxy.has_cut());
    }
}

TEST(Postgres, ALookAtACommitThatFailsIsNoAnswer) {
    auto fixture = open_postgres();
    run_sql(
        *fixture.database,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'the disk is full' USING ERRCODE = '53100'; END $$"
    );
    run_sql(
        *fixture.database,
        "CREATE TRIGGER no_look BEFORE UPDATE ON commits FOR EACH ROW WHEN (NEW.number = "
        "OLD.number) EXECUTE FUNCTION fail()"
    );
    CuttingProxy proxy;
    const auto database = *PostgresDatabase::open(proxy.url());
    proxy.cut(CuttingProxy::Cut::kAfterCommit);
    auto made = std::async(std::launch::async, [&] {
        return create(*database, record_for("video", "https://a/b"));
    });
    EXPECT_EQ(made.wait_for(2s), std::future_status::timeout) << "what is in doubt is not told";
    EXPECT_TRUE(proxy.has_cut());
    run_sql(*fixture.database, "DROP FUNCTION fail CASCADE");
    EXPECT_TRUE(made.get());
    EXPECT_EQ(JobStore(*fixture.database).counts()->queued, 1);
}

TEST(Postgres, WhileTheServerIsAwayAllAreToldSoInTimeButForCommitsInDoubt) {
    constexpr std::size_t kInDoubt = 8;  // as many as write
    constexpr std::size_t kAll = 48;
    std::latch begun(kInDoubt);
    std::latch cut(1);
    std::vector<std::promise<bool>> told(kAll);
    std::vector<std::future<bool>> outcomes;
    for (auto& one : told) outcomes.push_back(one.get_future());
    auto fixture = open_postgres();
    CuttingProxy proxy;
    const auto database = *PostgresDatabase::open(proxy.url());
    const auto write = [&](std::size_t i) {
        const auto work = [&, i](Session& session) -> Result<void> {
            const auto name = fmt::format("{}", i);
            TRY(session.run("INSERT INTO settings (name, value) VALUES ($1, '')", {name}));
            if (i >= kInDoubt) return {};
            begun.count_down();
            cut.wait();
            return {};
        };
        database->write_later(work, [&, i](const Result<void>& outcome) {
            told[i].set_value(bool(outcome));
        });
    };
    for (std::size_t i = 0; i < kInDoubt; ++i) write(i);
    begun.wait();
    proxy.cut(CuttingProxy::Cut::kAway);
    cut.count_down();
    for (auto i = kInDoubt; i < kAll; ++i) write(i);
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (auto i = kInDoubt; i < kAll; ++i) {
        ASSERT_EQ(outcomes[i].wait_until(until), std::future_status::ready) << i;
        EXPECT_FALSE(outcomes[i].get()) << i;
    }
    for (std::size_t i = 0; i < kInDoubt; ++i) {
        EXPECT_EQ(outcomes[i].wait_for(0s), std::future_status::timeout) << i;
    }
    proxy.cut(CuttingProxy::Cut::kNone);
    for (std::size_t i = 0; i < kInDoubt; ++i) EXPECT_TRUE(outcomes[i].get()) << i;
}

TEST(Postgres, NoTimeOutOfTheRoleCutsWorkOff) {
    auto fixture = open_postgres();
    const auto database =
        *PostgresDatabase::open(fixture.url + "&options=-cstatement_timeout%3D200");
    EXPECT_TRUE(database->write([](Session& session) -> Result<void> {
        TRY(session.run("SELECT pg_sleep(0.4)"));
        return {};
    }));
}

TEST(Postgres, WhoListensIsBackSoonHoweverOftenTheConnectionWasLost) {
    auto fixture = open_postgres();
    std::set<std::int64_t> lost;  // the server's processes
    const auto begun = std::chrono::steady_clock::now();
    while (lost.size() < 6) {
        const auto ended = writing(*fixture.database, [](Session& session) {
            return session.run(
                "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "query LIKE '%clock_timestamp()%' AND state = 'idle'"
            );
        });
        for (const auto& row : *ended) lost.insert(row.integer(0));
        std::this_thread::sleep_for(10ms);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 8s);
}

TEST(Postgres, TheServersTimeIsKnownFromTheStartHoweverSlowlyItAnswers) {
    auto fixture = open_postgres();
    run_sql(
        *fixture.database,
        "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.6); RETURN now() + interval '1 hour'; END $$"
    );
    CuttingProxy proxy;
    proxy.cut(CuttingProxy::Cut::kListening);
    const auto database =
        *PostgresDatabase::open(proxy.url() + "&options=-csearch_path%3Dpublic,pg_catalog");
    EXPECT_NEAR(double(database->clock().now() - SystemClock().now()), 3'600'000, 5'000);
    run_sql(*fixture.database, "DROP FUNCTION public.clock_timestamp");
}

TEST(Postgres, WorkGoesOnThroughACrashOfTheServer) {
    auto fixture = open_postgres();
    constexpr int kJobs = 300;
    std::vector<std::future<bool>> made;
    std::vector<std::jthread> threads;
    std::atomic<int> count = 0;
    std::atomic<int> failed = 0;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            while (++count <= kJobs) {
                if (!create(*fixture.database, record_for("video", "https://a/b"))) ++failed;
                std::this_thread::sleep_for(2ms);
            }
        });
    }
    while (count < kJobs / 3) std::this_thread::sleep_for(1ms);
    TestServer::one().control("stop", "immediate");
    EXPECT_LE(count, kJobs);
    TestServer::one().control("again");
    threads.clear();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(JobStore(*fixture.database).counts()->queued, kJobs);
}

TEST(Postgres, TransactionsInEachOthersWayAreTriedAgain) {
    auto fixture = open_postgres();
    SettingTable settings(*fixture.database);
    ASSERT_TRUE(settings.set("a", "0"));
    ASSERT_TRUE(settings.set("b", "0"));
    const auto raise = [&](const std::string& first, const std::string& second) {
        return fixture.database->write([&](Session& session) -> Result<void> {
            for (const auto& name : {first, second}) {
                TRY(session.run(
                    "UPDATE settings SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE "
                    "name = $1",
                    {name}
                ));
                std::this_thread::sleep_for(20ms);
            }
            return {};
        });
    };
    auto other = std::async(std::launch::async, [&] { return bool(raise("b", "a")); });
    EXPECT_TRUE(raise("a", "b"));
    EXPECT_TRUE(other.get());
    EXPECT_EQ(*settings.get("a"), "2");
    EXPECT_EQ(*settings.get("b"), "2");
}

TEST(Postgres, WhatRunsAlongTellsItsErrorAtTheEndAndNothingIsWritten) {
    const auto fixture = open_postgres();
    SettingTable settings(*fixture.database);
    const auto insert = [&](const Value& value) {
        return fixture.database->write([&](Session& session) -> Result<void> {
            for (const auto* name : {"along_1", "along_2"}) {
                TRY(session.run_along(
                    "INSERT INTO settings (name, value) VALUES ($1, $2)", {name, value}
                ));
            }
            return {};
        });
    };
    for (int i = 0; i < 20; ++i) {  // more than there are connections
        const auto refused = insert(nullptr);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::kInternalError);
        EXPECT_THAT(refused.error().message, testing::HasSubstr("null value"));
    }
    EXPECT_EQ(*settings.get("along_1"), "");
    EXPECT_TRUE(insert("there"));
    EXPECT_EQ(*settings.get("along_2"), "there");
}

TEST(Postgres, AServerThatIsNotThereIsSaidSo) {
    const auto opened = PostgresDatabase::open("postgres:///x?host=/nowhere&user=x");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("cannot be reached"));
}

}  // namespace
}  // namespace ittybit::store
