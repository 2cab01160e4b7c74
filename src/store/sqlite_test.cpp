// What holds for SQLite alone: its file over time, and other processes on it.

#include "store/sqlite.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/queue.h"
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
        EXPECT_TRUE(Outbox(*fixture.database).next_due(kNow));
        std::filesystem::remove_all(fixture.folder);
    }
}

TEST(Migrations, TasksThatHadRowsOfTheirOwnAreStillTheirJobs) {
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database, 5));
    auto job = record_for("video", "https://example.com/a.mp4").job;
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
    ASSERT_TRUE(*jobs.find_job(ids[1])) << "one that has no tasks yet";
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

TEST(Migrations, AnOldDatabaseIsMovedInBitesAndNothingOfItIsLost) {
    constexpr int kJobs = 1'200;  // more than two bites
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database, 6));
    auto ended = record_for("video", "https://a/files/" + std::string(32, 'b') + "/x").job;
    fail(ended, ended.tasks[1].id, Error{ErrorKind::kDownloadFailed, "404", ""}, kNow + 9);
    const auto old_task = following_id("job_01h455vb4pex5vsknk084sn02q", "task", 4);
    ASSERT_TRUE(fixture.database->write([&](Session& session) -> Result<void> {
        const auto insert = [&](const std::string& id, const char* status, const Value& tasks,
                                const Value& error) {
            return session.run(
                "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
                "revision, attempt, worker, available_at, created_at, updated_at, tasks, error) "
                "VALUES ($1, 0, 'video', $2, $3, '{}', $4, '{}', 1, 1, 'serve', $5, $5, $5, $6, "
                "$7)",
                {id, std::string(status), ended.input, R"({"order":7,"deep":{"x":1}})", kNow, tasks,
                 error}
            );
        };
        TRY(insert(ended.id, "failed", json_text(ended.tasks), json_text(*ended.error)));
        TRY(insert("job_01h455vb4pex5vsknk084sn02q", "queued", nullptr, nullptr));
        TRY(insert("job_01h455vb4pex5vsknk084sn03q", "processing", "broken", nullptr));
        for (int i = 0; i < kJobs; ++i) {
            TRY(insert(make_id("job", kNow + 1 + i), "queued", nullptr, nullptr));
        }
        return {};
    }));
    ASSERT_TRUE(migrate(*fixture.database));
    JobStore jobs(*fixture.database);
    EXPECT_EQ(to_json((*jobs.find_job(ended.id))->job.tasks), to_json(ended.tasks));
    EXPECT_EQ((*jobs.find_task(ended.tasks.at(2).id))->job_id, ended.id);
    EXPECT_EQ((*jobs.find_job(ended.id))->order.kind, "video");
    EXPECT_EQ((*jobs.find_task(old_task))->job_id, "job_01h455vb4pex5vsknk084sn02q");
    EXPECT_EQ(jobs.list_jobs({.error = "download_failed"})->items.at(0).id, ended.id);
    EXPECT_EQ(jobs.list_jobs({.limit = 100, .metadata = {{"order", "7"}}})->items.size(), 100U);
    EXPECT_EQ(jobs.counts()->queued, kJobs + 1);
    Queue queue(*fixture.database);
    EXPECT_EQ(*queue.take_back_all("serve", kNow), 1);
    EXPECT_EQ(jobs.counts()->queued, kJobs + 2);
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

TEST(Sqlite, AnotherProcessOnTheFileWakesUsAndOurOwnWritesDoNot) {
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database));
    auto other = SqliteDatabase::open(fixture.folder + "/test.db");
    ASSERT_TRUE(other);
    auto news = fixture.database->changes().subscribe({"anything"});
    const auto write = [](Database& database, int number) {
        const auto id = std::to_string(number);
        ASSERT_TRUE(KeyTable(database).add({id, "n", id, "h", kNow}));
    };
    for (int i = 0; i < 10; ++i) {
        write(*fixture.database, i);
        EXPECT_FALSE(news->wait(std::chrono::milliseconds(60), {}));
    }
    write(**other, 100);
    ASSERT_TRUE(news->wait(std::chrono::seconds(10), {}));
    EXPECT_EQ(news->take().front().topic, "");
    news.reset();  // before what it listens to
    other->reset();
    fixture.database.reset();
    std::filesystem::remove_all(fixture.folder);
}

}  // namespace
}  // namespace ittybit::store
