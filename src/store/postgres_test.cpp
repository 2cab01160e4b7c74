// What holds for PostgreSQL alone: other processes on it, and a server or a connection that goes
// away at the worst moment.

#include "store/postgres.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <future>
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

/// Stands between a client and the server, and can cut their connection at a commit.
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

    enum class Cut { kNone, kBeforeCommit, kAfterCommit };
    /// Cuts at the next commit, once.
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
            const int client = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            pairs_.emplace_back([this, client](const std::stop_token& end) {
                shuttle(Fd(client), end);
            });
        }
    }

    void shuttle(const Fd client, const std::stop_token& stop) {
        const Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto address = address_in(TestServer::one().folder());
        const auto* general = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(server.get(), general, sizeof address) != 0) return;
        while (!stop.stop_requested()) {
            if (is_readable(server.get()) && !pass(server.get(), client.get())) return;
            if (is_readable(client.get()) && !pass(client.get(), server.get())) return;
        }
    }

    bool pass(int from, int to) {
        std::array<char, 65'536> bytes{};
        const auto count = ::recv(from, bytes.data(), bytes.size(), 0);
        if (count <= 0) return false;
        const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
        const bool is_commit = text.find("COMMIT") != text.npos;
        const auto cut = is_commit ? cut_.exchange(Cut::kNone) : Cut::kNone;
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

TEST(Postgres, EveryEarlierSchemaBecomesTheNewest) {
    for (int from = 0; from < newest_schema(); from += 4) {
        auto fixture = open_bare_postgres();
        ASSERT_TRUE(migrate(*fixture.database, from)) << from;
        ASSERT_TRUE(migrate(*fixture.database)) << from;
        EXPECT_TRUE(FileTable(*fixture.database).garbage(1));
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

TEST(Postgres, AServerThatIsNotThereIsSaidSo) {
    const auto opened = PostgresDatabase::open("postgres:///x?host=/nowhere&user=x");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("cannot be reached"));
}

}  // namespace
}  // namespace ittybit::store
