// No question that the service asks, by itself or for a user, walks through a table that grows, and
// no maintenance keeps others waiting. ITTYBIT_FULL_TABLE=200000 makes the table as full as a busy
// year does, and then lists are held to 20 ms.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/job_store.h"
#include "store/migrations.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

using Steady = std::chrono::steady_clock;

/// What may be walked through: what is small, and what is open at the moment (SQLite's words).
bool is_small(const std::string& step) {
    constexpr std::string_view kSmall[] = {
        "SCAN leases",
        "SCAN connections",
        "SCAN api_keys",
        "SCAN open_uploads USING INDEX open_uploads_by_age",
        "SCAN jobs USING COVERING INDEX jobs_queued",     // counted once a second
        "SCAN jobs USING INDEX jobs_in_turn",             // as far as the first that is due
        "SCAN jobs USING COVERING INDEX jobs_available",  // as far as the first
        "SCAN jobs USING INDEX jobs_available",
        "SCAN deliveries USING INDEX deliveries_due",  // as far as the first
        "SCAN waiting",                                // the receivers of webhooks that wait
        "SCAN CONSTANT ROW",
    };
    return std::ranges::any_of(kSmall, [&](std::string_view small) {
        return step.starts_with(small);
    });
}

/// The steps of a plan that grow with a table.
std::vector<std::string> growing_steps(Session& session, const std::string& sql) {
    std::vector<std::string> growing;
    const auto plan = session.run("EXPLAIN QUERY PLAN " + sql);
    EXPECT_TRUE(plan) << sql;
    if (!plan) return growing;
    bool was_small = false;
    for (const auto& row : *plan) {
        const auto& step = row.text(3);
        const bool is_sort = step.starts_with("USE TEMP B-TREE") && !was_small;
        const bool is_walk = step.starts_with("SCAN") && !is_small(step);
        if (is_sort || is_walk) growing.push_back(step);
        was_small = is_small(step);
    }
    return growing;
}

void expect_no_growing_steps(Database& database) {
    ASSERT_TRUE(database.read([&](Session& session) -> Result<void> {
        for (const auto& sql : statements().all()) {
            EXPECT_THAT(growing_steps(session, sql), testing::IsEmpty()) << sql;
        }
        return {};
    }));
}

/// When all tests are through, and with them everything that the store can be asked.
class Afterwards : public testing::Environment {
    void TearDown() override {
        auto fixture = open_sqlite();
        ASSERT_TRUE(migrate(*fixture.database));
        expect_no_growing_steps(*fixture.database);
        fixture.database.reset();
        std::filesystem::remove_all(fixture.folder);
    }
};
const auto* const kAfterwards = testing::AddGlobalTestEnvironment(new Afterwards);

int full_table() {
    const char* given = std::getenv("ITTYBIT_FULL_TABLE");
    return given != nullptr ? std::atoi(given) : 0;
}

/// A table with many jobs of all kinds, most of them ended, and a quarter as many files.
class FullTable : public testing::Test {
protected:
    static constexpr UnixMillis kDay = 86'400'000;

    void SetUp() override {
        fixture_ = open_sqlite();
        ASSERT_TRUE(migrate(*fixture_.database));
        for (const auto& sql : fillings()) run(sql);
        run("ANALYZE");
    }
    void TearDown() override {
        fixture_.database.reset();
        std::filesystem::remove_all(fixture_.folder);
    }

    static int size() { return full_table() > 0 ? full_table() : 8'000; }

    static std::vector<std::string> fillings() {
        const auto numbers = fmt::format(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ",
            size() - 1
        );
        const auto id = "printf('job_0%025d', i * 256)";
        return {
            "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
            "revision, attempt, available_at, created_at, finished_at, updated_at, error_kind) " +
                numbers + "SELECT " + id +
                ", i % 10 = 9, CASE WHEN i % 3 = 0 THEN 'video' WHEN i % 3 = 1 THEN 'image' ELSE "
                "'audio' END, CASE WHEN i % 1000 = 7 THEN 'failed' WHEN i % 500 = 3 THEN 'queued' "
                "ELSE 'succeeded' END, 'https://example.com/' || (i / 2), '{}', '{}', '{}', 1, 1, "
                "i, "
                "i, CASE WHEN i % 500 = 3 THEN NULL ELSE i END, i, CASE WHEN i % 1000 = 7 THEN "
                "'download_failed' END FROM n",
            "INSERT INTO labels (job_id, name, value) " + numbers + "SELECT " + id +
                ", 'order', i / 3 FROM n",
            "INSERT INTO tasks (id, job_id, position, kind, status, created_at, updated_at) " +
                numbers + "SELECT printf('task_0%025d', i * 256 + 1), " + id +
                ", 0, 'probe', 'succeeded', i, i FROM n",
            "INSERT INTO files (id, role, name, is_ready, created_at, used_at) " + numbers +
                "SELECT printf('%032x', i), CASE WHEN i % 8 = 0 THEN 'upload' ELSE 'output' END, "
                "'a', 1, i, i FROM n WHERE i % 4 = 0",
        };
    }

    void run(const std::string& sql) {
        const auto done =
            writing(*fixture_.database, [&](Session& session) { return session.run(sql); });
        EXPECT_TRUE(done) << sql << (done ? "" : done.error().message);
    }

    bool post() {
        JobStore jobs(*fixture_.database);
        const auto record = record_for("video", "https://example.com/new", {}, kNow);
        std::promise<bool> stored;
        jobs.create_later(record, {}, {}, [&](const Result<JobStore::Created>& created) {
            stored.set_value(bool(created));
        });
        return stored.get_future().get();
    }

    Fixture fixture_;
};

TEST_F(FullTable, PlansStayWhenTheDatabaseHasCountedItsRows) {
    expect_no_growing_steps(*fixture_.database);
}

TEST_F(FullTable, EveryListIsExactAndReadsNoMoreThanItsPage) {
    JobStore jobs(*fixture_.database);
    const std::string somewhere = fmt::format("https://example.com/{}", size() / 4);
    const std::vector<std::pair<std::string, ListQuery>> queries = {
        {"all", {}},
        {"oldest", {.is_descending = false}},
        {"kind", {.kind = "image"}},
        {"no such kind", {.kind = "animation"}},
        {"status", {.statuses = {"failed"}}},
        {"statuses", {.statuses = {"failed", "queued", "cancelled"}}},
        {"kind and status", {.kind = "audio", .statuses = {"failed"}}},
        {"input", {.input = somewhere}},
        {"error", {.error = "download_failed"}},
        {"metadata", {.metadata = {{"order", "77"}}}},
        {"created", {.created_after = 5, .created_before = 9}},
        {"a page in the middle", {.after = fmt::format("job_0{:025}", size() / 2 * 256)}},
    };
    for (const auto& [name, query] : queries) {
        const auto started = Steady::now();
        const auto page = jobs.list_jobs(query);
        const std::chrono::duration<double, std::milli> took = Steady::now() - started;
        ASSERT_TRUE(page) << name;
        for (const auto& job : page->items) {
            EXPECT_TRUE(!query.kind || job.kind == *query.kind) << name;
            EXPECT_TRUE(!query.input || job.input == *query.input) << name;
        }
        RecordProperty("list by " + name, fmt::format("{:.2f} ms", took.count()));
        if (full_table() > 0) {
            EXPECT_LT(took.count(), 20) << name;
        }
    }
    EXPECT_EQ(jobs.list_jobs({.input = somewhere})->items.size(), 2U);
    EXPECT_EQ(
        jobs.list_jobs({.limit = 100, .error = "download_failed"})->items.size(),
        std::min<std::size_t>(100, size() / 1000)
    );
    EXPECT_EQ(jobs.list_jobs({.metadata = {{"order", "77"}}})->items.size(), 3U);
}

TEST_F(FullTable, PagesGoThroughAllOfAListOnce) {
    JobStore jobs(*fixture_.database);
    for (const bool is_descending : {true, false}) {
        ListQuery query{.limit = 100, .is_descending = is_descending, .statuses = {"queued"}};
        std::vector<std::string> ids;
        for (;;) {
            const auto page = jobs.list_jobs(query);
            ASSERT_TRUE(page);
            for (const auto& job : page->items) ids.push_back(job.id);
            if (!page->has_more) break;
            query.after = page->cursor.empty() ? ids.back() : page->cursor;
        }
        if (is_descending) std::ranges::reverse(ids);
        EXPECT_TRUE(std::ranges::is_sorted(ids));
        EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
        // One in 500, but for the standalone tasks, whose numbers end in 9 and not in 3.
        EXPECT_EQ(ids.size(), static_cast<std::size_t>((size() - 4) / 500 + 1));
    }
}

TEST_F(FullTable, WhoPostsIsNotKeptWaitingByMaintenance) {
    JobStore jobs(*fixture_.database);
    FileTable files(*fixture_.database);
    const std::vector<std::pair<std::string, std::function<Result<int>()>>> steps = {
        {"files", [&] { return files.expire(kNow, kNow, kNow); }},
        {"jobs", [&] { return jobs.forget(kNow, size() / 2); }},
    };
    for (const auto& [name, step] : steps) {
        std::atomic<int> posts = 0;
        int bites = 0;
        {
            const std::jthread poster([&](const std::stop_token& stop) {
                while (!stop.stop_requested() && post()) ++posts;
            });
            while (posts == 0) std::this_thread::yield();
            posts = 0;
            for (;;) {
                const auto done = step();
                ASSERT_TRUE(done) << name;
                if (*done == 0) break;
                EXPECT_LE(*done, 400) << name;
                ++bites;
            }
        }
        EXPECT_GT(bites, 5) << name;
        EXPECT_GE(posts, bites / 4) << name << ": a post waits for few bites";
    }
}

}  // namespace
}  // namespace ittybit::store
