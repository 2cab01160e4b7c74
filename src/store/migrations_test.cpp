// What becomes of a database that an earlier ittybit wrote.

#include "store/migrations.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "store/job_store.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"

namespace ittybit::store {
namespace {

/// Each test begins with a database without tables.
class Migrations : public testing::TestWithParam<Opener> {
protected:
    void TearDown() override { fixture_.close(); }

    Fixture fixture_ = GetParam()();
};
INSTANTIATE_TEST_SUITE_P(
    On,
    Migrations,
    testing::Values(&open_sqlite, &open_bare_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

const std::string kHook = "https://example.com/hook";

/// A little of what was there in schema `from`: a key, a job that waits, and a delivery of it.
std::string add_rows(Database& database, int from) {
    constexpr int kFirstWithWebhooks = 3;
    constexpr int kFirstWithReceivers = 11;
    constexpr int kFirstWithOrders = 12;
    const auto record = record_for("video", "https://example.com/a.mp4");
    EXPECT_TRUE(database.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO api_keys (id, name, hash, hint, created_at) VALUES ('key_1', 'old', "
            "'hash', 'hint', $1)",
            {kNow}
        ));
        TRY(session.run(
            "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
            "revision, attempt, available_at, created_at, updated_at) VALUES ($1, 0, 'video', "
            "'queued', $2, '{}', '{\"order\":\"7\"}', $3, 1, 0, $4, $4, $4)",
            {record.job.id, record.job.input,
             from < kFirstWithOrders ? "{}" : json_text(record.order), kNow}
        ));
        if (from < kFirstWithWebhooks) return {};
        TRY(session.run(
            "INSERT INTO deliveries (id, job_id, type, url, body, status, attempts, next_at, "
            "lease_until, created_at, updated_at) VALUES ('msg_1', $1, 'job.failed', $2, "
            "'{}', 'pending', 0, $3, 0, $3, $3)",
            {record.job.id, kHook, kNow}
        ));
        if (from < kFirstWithReceivers) return {};
        TRY(session.run("UPDATE deliveries SET receiver = $1", {receiver_of(kHook)}));
        return {};
    }));
    return record.job.id;
}

class EveryEarlierSchema : public testing::TestWithParam<std::tuple<Opener, int>> {};
INSTANTIATE_TEST_SUITE_P(
    On,
    EveryEarlierSchema,
    testing::Combine(
        testing::Values(&open_sqlite, &open_bare_postgres), testing::Range(0, newest_schema())
    ),
    [](const auto& about) {
        return fmt::format(
            "{}_{}", name_of_opener(std::get<0>(about.param)), std::get<1>(about.param)
        );
    }
);

TEST_P(EveryEarlierSchema, BecomesTheNewestWithAllThatIsInIt) {
    const auto [opener, from] = GetParam();
    auto fixture = opener();
    auto& database = *fixture.database;
    ASSERT_TRUE(migrate(database, from));
    const auto id = from == 0 ? "" : add_rows(database, from);
    ASSERT_TRUE(migrate(database));
    ASSERT_TRUE(migrate(database)) << "again";
    const auto keys = KeyTable(database).list();
    EXPECT_EQ(keys->size(), from == 0 ? 0U : 1U);
    if (from > 0) {
        EXPECT_TRUE(keys->front().is_lasting());
    }
    EXPECT_TRUE(FileTable(database).garbage(1));
    const auto deliveries = Outbox(database).claim(
        [](const std::string& receiver, std::size_t) {
            return receiver == receiver_of(kHook) ? 8 : 0;
        },
        kNow + 20, kNow + 10
    );
    EXPECT_EQ(deliveries->size(), from < 3 ? 0U : 1U);
    const auto claimed = Queue(database).claim("worker", kNow + 10);
    ASSERT_TRUE(claimed);
    ASSERT_EQ(claimed->has_value(), from > 0);
    if (from > 0) {
        EXPECT_EQ((*claimed)->record.job.id, id);
        EXPECT_EQ((*claimed)->record.job.tasks.size(), 4U);
        const auto found = JobStore(database).list_jobs({.input = "https://example.com/a.mp4"});
        EXPECT_EQ(found->items.size(), 1U);
    }
    fixture.close();
}

TEST_P(Migrations, TasksThatHadRowsOfTheirOwnAreStillTheirJobs) {
    ASSERT_TRUE(migrate(*fixture_.database, 5));
    auto job = record_for("video", "https://example.com/a.mp4").job;
    // Requests at the same moment drew their ids in turn.
    const std::vector<std::string> ids = {job.id, make_id("job", kNow), make_id("job", kNow)};
    for (auto& task : job.tasks) task.id = make_id("task", kNow);
    ASSERT_TRUE(fixture_.database->write([&](Session& session) -> Result<void> {
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
    ASSERT_TRUE(migrate(*fixture_.database));
    JobStore jobs(*fixture_.database);
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
}

TEST_P(Migrations, AnOldDatabaseIsMovedInBitesAndNothingOfItIsLost) {
    constexpr int kJobs = 1'200;  // more than two bites
    ASSERT_TRUE(migrate(*fixture_.database, 6));
    auto ended = record_for("video", "https://a/files/" + std::string(32, 'b') + "/x").job;
    fail(ended, ended.tasks[1].id, Error{ErrorKind::kDownloadFailed, "404", ""}, kNow + 9);
    const auto old_task = following_id("job_01h455vb4pex5vsknk084sn02q", "task", 4);
    ASSERT_TRUE(fixture_.database->write([&](Session& session) -> Result<void> {
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
    ASSERT_TRUE(migrate(*fixture_.database));
    JobStore jobs(*fixture_.database);
    EXPECT_EQ(to_json((*jobs.find_job(ended.id))->job.tasks), to_json(ended.tasks));
    EXPECT_EQ((*jobs.find_task(ended.tasks.at(2).id))->job_id, ended.id);
    EXPECT_EQ((*jobs.find_job(ended.id))->order.kind, "video");
    EXPECT_EQ((*jobs.find_task(old_task))->job_id, "job_01h455vb4pex5vsknk084sn02q");
    EXPECT_EQ(jobs.list_jobs({.error = "download_failed"})->items.at(0).id, ended.id);
    EXPECT_EQ(jobs.list_jobs({.limit = 100, .metadata = {{"order", "7"}}})->items.size(), 100U);
    EXPECT_EQ(jobs.counts()->queued, kJobs + 1);
    Queue queue(*fixture_.database);
    EXPECT_EQ(*queue.take_back_all("serve", kNow), 1);
    EXPECT_EQ(jobs.counts()->queued, kJobs + 2);
}

TEST_P(Migrations, ADatabaseOfTheFutureIsRefused) {
    ASSERT_TRUE(migrate(*fixture_.database));
    ASSERT_TRUE(fixture_.database->write([](Session& session) -> Result<void> {
        TRY(session.run("INSERT INTO schema (version) VALUES (999)"));
        return {};
    }));
    const auto outcome = migrate(*fixture_.database);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace ittybit::store
