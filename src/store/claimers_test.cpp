// Many workers on one PostgreSQL, each a process of its own as far as the database sees.
// ITTYBIT_FULL_TABLE=1000000 has so many ended jobs, a tenth as many that wait, and fifty workers
// for twenty seconds; then 99 of 100 claims and beats are held to 5 ms, and to what they take where
// nothing was done yet. ITTYBIT_BENCH_POSTGRES is the URL of an empty database for it
// (bench/claims.py).

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "store/queue.h"
#include "store/testing.h"

namespace ittybit::store {
namespace {

using Steady = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kKeys = 20;
constexpr auto kPace = std::chrono::milliseconds(500);  // a worker's, from claim to claim

struct Scale {
    bool is_full = false;
    int ended = 2'000;
    int workers = 8;
    std::chrono::milliseconds time{600};
};

Scale scale() {
    const char* given = std::getenv("ITTYBIT_FULL_TABLE");
    if (given == nullptr) return {};
    return {true, std::atoi(given), 50, std::chrono::seconds(20)};
}

/// Of a server that syncs, where one is given.
Fixture open_for_many() {
    const char* url = std::getenv("ITTYBIT_BENCH_POSTGRES");
    if (url == nullptr) return open_postgres();
    Fixture fixture{{}, url, {}};
    fixture.database = fixture.open_again();
    EXPECT_TRUE(migrate(*fixture.database));
    return fixture;
}

/// As a server stands whose work of before was long ago, outside a transaction.
void settle(const std::string& url) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> session(PQconnectdb(url.c_str()), PQfinish);
    for (const auto* words : {"VACUUM (ANALYZE)", "CHECKPOINT"}) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> done(
            PQexec(session.get(), words), PQclear
        );
        EXPECT_EQ(PQresultStatus(done.get()), PGRES_COMMAND_OK) << PQerrorMessage(session.get());
    }
}

/// What each call took, and the jobs that were claimed.
struct Times {
    std::vector<double> claims;
    std::vector<double> beats;
    std::vector<std::string> jobs;

    void add(const Times& other) {
        claims.insert(claims.end(), other.claims.begin(), other.claims.end());
        beats.insert(beats.end(), other.beats.begin(), other.beats.end());
        jobs.insert(jobs.end(), other.jobs.begin(), other.jobs.end());
    }
};

double percentile(std::vector<double> times, double part) {
    std::ranges::sort(times);
    return times.at(static_cast<std::size_t>(static_cast<double>(times.size() - 1) * part));
}

template <typename Call>
auto timed(std::vector<double>& times, const Call& call) {
    const auto started = Steady::now();
    auto result = call();
    times.push_back(Milliseconds(Steady::now() - started).count());
    return result;
}

class Claimers : public testing::Test {
protected:
    void SetUp() override { fixture_ = open_for_many(); }
    void TearDown() override { fixture_.close(); }

    /// Jobs in a state, of twenty keys in turn; ids in the order in which they are made.
    void fill(int count, std::string_view status, int generation) const {
        auto record = record_for("video", "https://example.com/a.mp4");
        ASSERT_TRUE(add_job(*fixture_.database, record));
        run_sql(
            *fixture_.database,
            fmt::format(
                "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
                "revision, attempt, available_at, created_at, updated_at, finished_at, key_id) "
                "SELECT 'job_{0}' || lpad(CAST(i * 256 AS TEXT), 25, '0'), is_task, kind, '{1}', "
                "input, options, metadata, request, 1, 0, available_at, created_at, updated_at, "
                "CASE WHEN '{1}' = 'queued' THEN NULL ELSE created_at + i END, 'key_' || i % {2} "
                "FROM jobs, generate_series(1, {3}) i WHERE id = '{4}'",
                generation, status, kKeys, count, record.job.id
            )
        );
        run_sql(*fixture_.database, fmt::format("DELETE FROM jobs WHERE id = '{}'", record.job.id));
    }

    static void work(Database& database, Times& times, Steady::time_point begin) {
        Queue queue(database);
        const auto worker = "worker-" + random_hex(64);
        const auto end = begin + scale().time;
        for (auto next = begin; next < end; next += kPace) {
            std::this_thread::sleep_until(next);
            // Only the first one makes connections and prepares statements.
            if (next == begin + kPace) times.claims.clear(), times.beats.clear();
            const auto claimed = timed(times.claims, [&] { return queue.claim(worker, kNow); });
            ASSERT_TRUE(claimed && *claimed);
            const auto& held = **claimed;
            times.jobs.push_back(held.claim.job_id);
            const std::array tasks = {held.record.job.tasks.front()};
            EXPECT_TRUE(*timed(times.beats, [&] {
                return queue.heartbeat(held.claim, tasks, false, kNow);
            }));
            Ending ending{held.record};
            fail(ending.record.job, tasks.front().id, {}, kNow);
            EXPECT_TRUE(*queue.finish(held.claim, ending, kNow));
        }
    }

    /// All at once, each with connections of its own, begun one after the other within one pace.
    Times work_all() {
        settle(fixture_.url);
        const auto count = scale().workers;
        std::vector<std::unique_ptr<Database>> databases;
        for (int i = 0; i < count; ++i) databases.push_back(fixture_.open_again());
        std::vector<Times> times(static_cast<std::size_t>(count));
        const auto begin = Steady::now() + std::chrono::milliseconds(100);
        {
            std::vector<std::jthread> workers;
            for (std::size_t i = 0; i < times.size(); ++i) {
                const auto own = begin + kPace * static_cast<int>(i) / count;
                workers.emplace_back([&, i, own] { work(*databases[i], times[i], own); });
            }
        }
        Times all;
        for (const auto& each : times) all.add(each);
        return all;
    }

    static void tell(const char* what, const Times& times) {
        const auto words = fmt::format(
            "{} claims, p50 {:.2f} ms, p99 {:.2f} ms; beats p50 {:.2f} ms, p99 {:.2f} ms",
            times.claims.size(), percentile(times.claims, 0.5), percentile(times.claims, 0.99),
            percentile(times.beats, 0.5), percentile(times.beats, 0.99)
        );
        RecordProperty(what, words);
        if (scale().is_full) fmt::print("{}: {}\n", what, words);
    }

    Fixture fixture_;
};

TEST_F(Claimers, ClaimAndBeatAsFastWhateverWasDoneBefore) {
    const auto ended = scale().ended;
    fill(ended / 10, "queued", 1);
    const auto fresh = work_all();
    tell("nothing done", fresh);
    fill(ended, "succeeded", 2);
    fill(ended / 10, "queued", 3);
    const auto full = work_all();
    tell("much done", full);
    for (const auto* times : {&fresh, &full}) {
        const std::set<std::string> jobs(times->jobs.begin(), times->jobs.end());
        EXPECT_EQ(jobs.size(), times->jobs.size()) << "a job was given twice";
    }
    if (!scale().is_full) return;
    EXPECT_LT(percentile(full.claims, 0.99), 5);
    EXPECT_LT(percentile(full.beats, 0.99), 5);
    EXPECT_LT(percentile(full.claims, 0.5), 1.5 * percentile(fresh.claims, 0.5));
}

}  // namespace
}  // namespace ittybit::store
