// No question that the service asks, by itself or for a user, walks through a table that grows, and
// no maintenance keeps others waiting. ITTYBIT_FULL_TABLE=200000 makes the table as full as a busy
// year does; then lists are held to 20 ms, and a POST beside maintenance to three times as long as
// alone.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <limits>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/growing_steps.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

using Steady = std::chrono::steady_clock;

double milliseconds_since(Steady::time_point started) {
    return std::chrono::duration<double, std::milli>(Steady::now() - started).count();
}

int full_table() {
    const char* given = std::getenv("ITTYBIT_FULL_TABLE");
    return given != nullptr ? std::atoi(given) : 0;
}

int size() {
    return full_table() > 0 ? full_table() : 8'000;
}

/// What makes a database as if many jobs of all kinds had been done, with their files and webhooks.
std::vector<std::string> fillings(bool is_postgres) {
    const auto insert = [](std::string_view into, std::string_view columns, std::string_view values,
                           std::string_view which = "") {
        return fmt::format(
            "INSERT INTO {} ({}) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < {}) SELECT {} FROM n {}",
            into, columns, size() - 1, values, which
        );
    };
    const auto id = [&](std::string_view prefix, std::string_view number) {
        return is_postgres
                   ? fmt::format("'{}_0' || lpad(CAST({} AS TEXT), 25, '0')", prefix, number)
                   : fmt::format("printf('{}_0%025d', {})", prefix, number);
    };
    const auto job = id("job", "i * 256");
    const auto task = id("task", "i * 256 + 1");
    const auto file = is_postgres ? "lpad(to_hex(i), 32, '0')" : "printf('%032x', i)";
    return {
        insert(
            "jobs",
            "id, is_task, kind, status, input, options, metadata, request, revision, attempt, "
            "available_at, created_at, finished_at, updated_at, error_kind",
            job + ", CASE WHEN i % 10 = 9 THEN 1 ELSE 0 END, CASE WHEN i % 3 = 0 THEN 'video' WHEN "
                  "i % 3 = 1 THEN 'image' ELSE 'audio' END, CASE WHEN i % 1000 = 7 THEN 'failed' "
                  "WHEN i % 500 = 3 THEN 'queued' ELSE 'succeeded' END, 'https://example.com/' || "
                  "(i / 2), '{}', '{}', '{}', 1, 1, i, i, CASE WHEN i % 500 = 3 THEN NULL ELSE i "
                  "END, i, CASE WHEN i % 1000 = 7 THEN 'download_failed' END"
        ),
        insert("labels", "job_id, name, value", job + ", 'order', CAST(i / 3 AS TEXT)"),
        insert(
            "tasks", "id, job_id, position, kind, status, created_at, updated_at",
            task + ", " + job + ", 0, 'probe', 'succeeded', i, i"
        ),
        insert(
            "files", "id, role, name, is_ready, created_at, used_at",
            std::string(file) +
                ", CASE WHEN i % 8 = 0 THEN 'upload' ELSE 'output' END, 'a', 1, i, i",
            "WHERE i % 4 = 0"
        ),
        insert("job_files", "job_id, file_id", job + ", " + file, "WHERE i % 500 = 3"),
        insert("parts", "task_id, name, size", task + ", 'a.m4s', 1"),
        insert(
            "idempotency", "route, key, fingerprint, location, body, created_at",
            "'POST /jobs', 'key' || i, 'f', '', '', i"
        ),
        insert(
            "deliveries",
            "id, job_id, type, url, receiver, body, status, attempts, next_at, lease_until, "
            "created_at, updated_at",
            "'msg_' || i, " + job +
                ", 'job.succeeded', 'https://a/b', 'https://a', '{}', CASE WHEN i % 500 = 3 THEN "
                "'pending' ELSE 'delivered' END, 1, i, 0, i, i"
        ),
        insert(
            "upload_tokens", "hash, key_id, max_bytes, expires_at",
            "'t' || i, 'key_' || (i % 100), 1, i"
        ),
        insert("delivery_attempts", "delivery_id, number, at, duration_ms", "'msg_' || i, 1, i, 1"),
    };
}

void fill(Database& database, bool is_postgres) {
    for (const auto& sql : fillings(is_postgres)) run_sql(database, sql);
    run_sql(database, "ANALYZE");
}

void expect_no_growing_steps(Database& database, bool is_postgres) {
    ASSERT_TRUE(database.write([&](Session& session) -> Result<void> {
        for (const auto& sql : statements().all()) {
            const bool is_of_postgres =
                sql.find("SKIP LOCKED") != sql.npos || sql.find("pg_") != sql.npos;
            if (!is_postgres && is_of_postgres) continue;
            const auto steps = is_postgres ? growing_steps_of_postgres(session, sql)
                                           : growing_steps_of_sqlite(session, sql);
            EXPECT_THAT(steps, testing::IsEmpty()) << sql;
        }
        return {};
    }));
}

/// When all tests are through, and with them everything that the store can be asked. (What
/// PostgreSQL does follows from how full its tables are.)
class Afterwards : public testing::Environment {
    void TearDown() override {
        if (statements().all().empty()) return;
        auto fixture = open_sqlite();
        ASSERT_TRUE(migrate(*fixture.database));
        expect_no_growing_steps(*fixture.database, false);
        fixture.close();
        fixture = open_postgres();
        fill(*fixture.database, true);
        expect_no_growing_steps(*fixture.database, true);
    }
};
const auto* const kAfterwards = testing::AddGlobalTestEnvironment(new Afterwards);

/// A full table, on each database.
class FullTable : public testing::TestWithParam<Opener> {
protected:
    static constexpr UnixMillis kDay = 86'400'000;

    void SetUp() override {
        fixture_ = GetParam()();
        ASSERT_TRUE(migrate(*fixture_.database));
        fill(*fixture_.database, fixture_.is_postgres());
    }
    void TearDown() override { fixture_.close(); }

    bool post() const {
        JobStore jobs(*fixture_.database);
        const auto record = record_for("video", "https://example.com/new", {}, kNow);
        std::promise<bool> stored;
        jobs.create_later(record, {}, {}, [&](const Result<JobStore::Created>& created) {
            stored.set_value(bool(created));
        });
        return stored.get_future().get();
    }

    /// How long each POST took until `stop`, in milliseconds.
    std::vector<double> post_until(const std::function<bool()>& stop) {
        std::vector<double> took;
        do {
            const auto started = Steady::now();
            EXPECT_TRUE(post());
            took.push_back(milliseconds_since(started));
        } while (!stop());
        return took;
    }

    Fixture fixture_;
};

double percentile_99(std::vector<double> values) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);
    std::ranges::nth_element(values, place);
    return *place;
}

INSTANTIATE_TEST_SUITE_P(
    On,
    FullTable,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(FullTable, PlansStayWhenTheDatabaseHasCountedItsRows) {
    expect_no_growing_steps(*fixture_.database, fixture_.is_postgres());
}

TEST_P(FullTable, EveryListIsExactAndReadsNoMoreThanItsPage) {
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
        const auto page = jobs.list_jobs(query);  // from a cold disk, as it may be
        ASSERT_TRUE(page) << name;
        double took = std::numeric_limits<double>::infinity();
        for (int i = 0; i < 3; ++i) {
            const auto started = Steady::now();
            EXPECT_TRUE(jobs.list_jobs(query));
            took = std::min(took, milliseconds_since(started));
        }
        for (const auto& job : page->items) {
            EXPECT_TRUE(!query.kind || job.kind == *query.kind) << name;
            EXPECT_TRUE(!query.input || job.input == *query.input) << name;
        }
        RecordProperty("list by " + name, fmt::format("{:.2f} ms", took));
        if (full_table() > 0) {
            EXPECT_LT(took, 20) << name;
        }
    }
    EXPECT_EQ(jobs.list_jobs({.input = somewhere})->items.size(), 2U);
    EXPECT_EQ(
        jobs.list_jobs({.limit = 100, .error = "download_failed"})->items.size(),
        std::min<std::size_t>(100, static_cast<std::size_t>(size() / 1000))
    );
    EXPECT_EQ(jobs.list_jobs({.metadata = {{"order", "77"}}})->items.size(), 3U);
}

TEST_P(FullTable, PagesGoThroughAllOfAListOnce) {
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

TEST_P(FullTable, WhoPostsIsNotKeptWaitingByMaintenance) {
    JobStore jobs(*fixture_.database);
    FileTable files(*fixture_.database);
    const std::vector<std::pair<std::string, std::function<Result<int>()>>> steps = {
        {"files", [&] { return files.expire(kNow, kNow, kNow); }},
        {"jobs", [&] { return jobs.forget(kNow, size() / 2); }},
    };
    const auto alone = post_until([left = 500]() mutable { return --left == 0; });
    for (const auto& [name, step] : steps) {
        std::atomic<bool> is_done = false;
        auto posting = std::async(std::launch::async, [&] {
            return post_until([&] { return is_done.load(); });
        });
        int bites = 0;
        for (;;) {
            const auto done = step();
            EXPECT_TRUE(done) << name;
            if (!done || *done == 0) break;
            EXPECT_LE(*done, 100) << name;
            ++bites;
        }
        is_done = true;
        const auto beside = posting.get();
        EXPECT_GT(bites, 5) << name;
        EXPECT_GE(beside.size() * 4, static_cast<std::size_t>(bites))
            << name << ": a post waits for few bites";
        RecordProperty(
            "p99 of a POST beside " + name,
            fmt::format("{:.2f} ms of {}", percentile_99(beside), beside.size())
        );
        if (full_table() > 0) {
            EXPECT_LT(percentile_99(beside), 3 * percentile_99(alone)) << name;
        }
    }
    RecordProperty("p99 of a POST alone", fmt::format("{:.2f} ms", percentile_99(alone)));
}

}  // namespace
}  // namespace ittybit::store
