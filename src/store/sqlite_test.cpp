// What holds for SQLite alone: its file over time, and other processes on it.

#include "store/sqlite.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/ids.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/side_tables.h"
#include "store/testing.h"

namespace ittybit::store {
namespace {

TEST(Migrations, EveryEarlierSchemaBecomesTheNewest) {
    for (int from = 0; from < newest_schema(); ++from) {
        auto fixture = open_sqlite();
        ASSERT_TRUE(migrate(*fixture.database, from)) << from;
        if (from >= 1) {
            ASSERT_TRUE(KeyTable(*fixture.database).add({"key_1", "old", "hash", "hint", kNow}));
        }
        ASSERT_TRUE(migrate(*fixture.database)) << from;
        ASSERT_TRUE(migrate(*fixture.database)) << "again";
        EXPECT_EQ(KeyTable(*fixture.database).list()->size(), from >= 1 ? 1U : 0U);
        EXPECT_TRUE(FileTable(*fixture.database).garbage(1));
        EXPECT_TRUE(Outbox(*fixture.database).next_due());
        std::filesystem::remove_all(fixture.folder);
    }
}

TEST(Migrations, TasksThatHadRowsOfTheirOwnAreStillTheirJobs) {
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database, 5));
    auto job = Job::make("video", "https://example.com/a.mp4", {}, kNow);
    // Requests at the same moment drew their ids in turn.
    const std::vector<std::string> ids = {job.id, make_id("job", kNow), make_id("job", kNow)};
    for (auto& task : job.tasks) task.id = make_id("task", kNow);
    ASSERT_TRUE(fixture.database->write([&](Session& session) -> Result<void> {
        for (const auto& id : ids) {
            TRY(session.run(
                "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
                "revision, attempt, available_at, created_at, updated_at) VALUES ($1, 0, 'video', "
                "'queued', $2, '{}', '{}', '{}', 1, 0, $3, $3, $3)",
                {id, job.input, kNow}
            ));
        }
        for (std::int64_t i = 3; i >= 0; --i) {
            const auto& task = job.tasks.at(static_cast<std::size_t>(i));
            TRY(session.run(
                "INSERT INTO tasks (id, job_id, position, kind, status, progress, input, "
                "created_at, updated_at) VALUES ($1, $2, $3, $4, 'processing', 7, $5, $6, $6)",
                {task.id, job.id, i, task.kind,
                 i < 2 ? Value(R"({"object":"external_file","url":"https://a/b"})") : Value(), kNow}
            ));
        }
        return {};
    }));
    ASSERT_TRUE(migrate(*fixture.database));
    JobStore jobs(*fixture.database);
    const auto found = jobs.find_job(job.id);
    ASSERT_TRUE(found && *found);
    const auto& tasks = (*found)->job.tasks;
    ASSERT_EQ(tasks.size(), 4U);
    EXPECT_EQ(tasks[1].kind, "import");
    EXPECT_EQ(tasks[1].input->url(), "https://a/b");
    EXPECT_EQ(tasks[3].kind, "export");
    EXPECT_EQ(tasks[3].progress, 7);
    const auto task = jobs.find_task(tasks[2].id);
    ASSERT_TRUE(task && *task);
    EXPECT_EQ((*task)->job_id, job.id);
    std::filesystem::remove_all(fixture.folder);
}

TEST(Migrations, ADatabaseOfTheFutureIsRefused) {
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database));
    ASSERT_TRUE(fixture.database->write([](Session& session) -> Result<void> {
        TRY(session.run("INSERT INTO schema (version) VALUES (999)"));
        return {};
    }));
    const auto outcome = migrate(*fixture.database);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kUnavailable);
    std::filesystem::remove_all(fixture.folder);
}

TEST(Sqlite, AnotherProcessOnTheFileWakesUs) {
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database));
    auto other = SqliteDatabase::open(fixture.folder + "/test.db");
    ASSERT_TRUE(other);
    ASSERT_TRUE(KeyTable(**other).list());
    // The watcher needs its first look before it can see a difference, so write until it does.
    const auto seen = fixture.database->version();
    for (int i = 0; i < 50 && fixture.database->version() == seen; ++i) {
        const auto id = std::to_string(i);
        ASSERT_TRUE(KeyTable(**other).add({id, "n", id, "h", kNow}));
        fixture.database->wait_for_change(seen, std::chrono::milliseconds(300), {});
    }
    EXPECT_NE(fixture.database->version(), seen);
    other->reset();
    fixture.database.reset();
    std::filesystem::remove_all(fixture.folder);
}

}  // namespace
}  // namespace ittybit::store
