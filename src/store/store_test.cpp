#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "base/thread_safety.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

Result<JobStore::Created> create(
    JobStore& jobs,
    const JobRecord& record,
    const std::optional<IdempotencyKey>& key,
    const Answer& answer
) {
    std::promise<Result<JobStore::Created>> created;
    jobs.create_later(record, key, answer, [&](Result<JobStore::Created> result) {
        created.set_value(std::move(result));
    });
    return created.get_future().get();
}

/// What every Database and the stores on it promise.
class Conformance : public testing::TestWithParam<Opener> {
protected:
    void SetUp() override {
        fixture_ = GetParam()();
        ASSERT_TRUE(migrate(*fixture_.database));
        jobs_ = std::make_unique<JobStore>(database());
        queue_ = std::make_unique<Queue>(database());
    }
    void TearDown() override {
        queue_.reset();
        jobs_.reset();
        recording_.reset();
        fixture_.close();
    }

    /// The database that the stores work on: what they ask of it is remembered.
    Database& database() {
        if (!recording_) {
            recording_ = std::make_unique<RecordingDatabase>(
                *fixture_.database, [](std::string_view sql) { statements().hear(sql); }
            );
        }
        return *recording_;
    }

    JobRecord add_job(UnixMillis now = kNow, std::optional<std::string> webhook = std::nullopt) {
        auto order = order_for("video", "https://example.com/a.mp4", {{"width", 640}});
        order.webhook_url = std::move(webhook);
        const auto record = JobRecord::make(std::move(order), false, now);
        EXPECT_TRUE(create(*jobs_, record, std::nullopt, {}));
        return record;
    }
    Claimed claim(UnixMillis now = kNow + 10) {
        auto claimed = queue_->claim("worker-1", now);
        EXPECT_TRUE(claimed && *claimed);
        return **claimed;
    }
    Lease lease_of(const Claimed& held) {
        const auto leases = queue_->leases();
        for (const auto& lease : *leases) {
            if (lease.claim.job_id == held.claim.job_id) return lease;
        }
        return {held.claim, -1};
    }
    JobStatus status_of(const std::string& id) {
        const auto found = jobs_->find_job(id);
        EXPECT_TRUE(found && *found);
        return (*found)->job.status;
    }

    Fixture fixture_;
    std::unique_ptr<RecordingDatabase> recording_;
    std::unique_ptr<JobStore> jobs_;
    std::unique_ptr<Queue> queue_;
};
INSTANTIATE_TEST_SUITE_P(
    On,
    Conformance,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

int any_room(const std::string& /*receiver*/, std::size_t /*claimed*/) {
    return 8;
}

/// Waits until the try is noted.
void note(
    Outbox& outbox,
    const Delivery& delivery,
    const DeliveryAttempt& attempt,
    std::string_view status,
    std::optional<UnixMillis> next_at
) {
    std::promise<bool> noted;
    outbox.note(delivery, attempt, status, next_at, kNow, [&](const Result<>& outcome) {
        noted.set_value(bool(outcome));
    });
    EXPECT_TRUE(noted.get_future().get());
}

TEST_P(Conformance, AJobComesBackAsItWasMade) {
    const auto record = add_job(kNow, "https://example.com/hook");
    const auto found = jobs_->find_job(record.job.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(to_json((*found)->job), to_json(record.job));
    EXPECT_EQ((*found)->order.webhook_url, record.order.webhook_url);
    EXPECT_EQ((*found)->job.tasks.size(), 4U);
}

TEST_P(Conformance, TheOldestJobIsClaimedFirstAndNoneTwice) {
    const auto first = add_job(kNow);
    const auto second = add_job(kNow + 1);
    EXPECT_EQ(claim().record.job.id, first.job.id);
    EXPECT_EQ(claim().record.job.id, second.job.id);
    const auto none = queue_->claim("worker-2", kNow + 10);
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
}

TEST_P(Conformance, ManyThreadsClaimEveryJobOnce) {
    for (int i = 0; i < 60; ++i) add_job(kNow + i);
    Mutex mutex;
    std::vector<std::string> seen;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 6; ++t) {
            threads.emplace_back([&, t] {
                for (;;) {
                    auto claimed = queue_->claim("worker-" + std::to_string(t), kNow + 500);
                    if (!claimed || !*claimed) return;
                    const MutexLock lock(mutex);
                    seen.push_back((*claimed)->claim.job_id);
                }
            });
        }
    }
    EXPECT_EQ(seen.size(), 60U);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 60U);
}

TEST_P(Conformance, OneIdempotencyKeyMakesOneJobHoweverManyAsk) {
    std::atomic<int> fresh = 0;
    Mutex mutex;
    std::set<std::string> answers;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 20; ++t) {
            threads.emplace_back([&] {
                const auto record = record_for("video", "https://example.com/a", {}, kNow);
                const IdempotencyKey key{"POST /jobs", "key", "same"};
                const auto created = create(*jobs_, record, key, {"", record.job.id});
                ASSERT_TRUE(created);
                if (!created->is_replayed) ++fresh;
                const MutexLock lock(mutex);
                answers.insert(created->answer.body);
            });
        }
    }
    EXPECT_EQ(fresh, 1);
    EXPECT_EQ(answers.size(), 1U);
    EXPECT_EQ(jobs_->list_jobs({})->items.size(), 1U);
    const auto other = record_for("video", "https://example.com/b", {}, kNow);
    const auto reused =
        create(*jobs_, other, IdempotencyKey{"POST /jobs", "key", "other"}, {"", ""});
    ASSERT_FALSE(reused);
    EXPECT_EQ(reused.error().kind, ErrorKind::kIdempotencyKeyReused);
}

TEST_P(Conformance, AHeartbeatSavesWhatChangedAndMovesTheLease) {
    add_job();
    auto held = claim(kNow);
    auto& probe = held.record.job.tasks.front();
    begin(probe, kNow + 1);
    advance(probe, 42.5, kNow + 2);
    const auto before = lease_of(held);
    EXPECT_TRUE(*queue_->heartbeat(held.claim, {&probe, 1}, true, kNow + 2));
    EXPECT_FALSE(*queue_->take_back(before, kNow + 3)) << "it has moved since it was seen";
    const auto found = jobs_->find_job(held.claim.job_id);
    EXPECT_EQ((*found)->job.tasks.front().progress, 42);
    EXPECT_EQ((*found)->job.tasks.front().status, TaskStatus::kProcessing);
    EXPECT_GT((*found)->revision, held.record.revision);
}

TEST_P(Conformance, ALostLeaseGoesBackAndTheOldWorkerCanWriteNothingMore) {
    add_job();
    const auto old = claim(kNow);
    EXPECT_TRUE(*queue_->take_back(lease_of(old), kNow + 15'001));
    EXPECT_EQ(status_of(old.claim.job_id), JobStatus::kQueued);
    const auto fresh = claim(kNow + 15'002);
    EXPECT_EQ(fresh.claim.attempt, 2);
    EXPECT_EQ(fresh.record.tries(), 1) << "that a worker is killed is nobody's attempt";
    EXPECT_FALSE(*queue_->heartbeat(old.claim, old.record.job.tasks, false, kNow + 15'003));
    EXPECT_FALSE(*queue_->is_held(old.claim));
    EXPECT_FALSE(*queue_->give_back(old.claim, kNow, true, kNow + 15'004));
    Ending outcome{old.record};
    outcome.record.job.status = JobStatus::kSucceeded;
    EXPECT_FALSE(*queue_->finish(old.claim, outcome, kNow + 15'004));
    EXPECT_EQ(status_of(old.claim.job_id), JobStatus::kProcessing);
    EXPECT_TRUE(*queue_->is_held(fresh.claim));
}

TEST_P(Conformance, AJobThatIsCutOffAgainAndAgainIsGivenUpInTheEnd) {
    const auto record = add_job(kNow, "https://example.com/hook");
    for (int i = 1; i <= Queue::kMostCutOff; ++i) {
        const auto held = claim(kNow + i);
        EXPECT_EQ(held.record.tries(), 1);
        EXPECT_EQ(*queue_->take_back_all("worker-1", kNow + i), 1);
    }
    const auto found = jobs_->find_job(record.job.id);
    EXPECT_EQ((*found)->job.status, JobStatus::kFailed);
    EXPECT_EQ((*found)->job.error->kind, ErrorKind::kTaskCrashed);
    EXPECT_EQ((*found)->job.tasks.at(3).status, TaskStatus::kCancelled);
    EXPECT_EQ(Outbox(database()).of_job(record.job.id)->size(), 1U);
}

TEST_P(Conformance, AnAttemptThatFailedCounts) {
    add_job();
    EXPECT_TRUE(*queue_->give_back(claim(kNow).claim, kNow, true, kNow + 1));
    EXPECT_TRUE(*queue_->give_back(claim(kNow + 2).claim, kNow, false, kNow + 3));
    EXPECT_EQ(claim(kNow + 4).record.tries(), 2);
}

TEST_P(Conformance, AClockThatIsSetBackKeepsNobodyWaiting) {
    constexpr UnixMillis kHour = 3'600'000;
    const auto record = add_job(kNow, "https://example.com/hook");
    EXPECT_EQ(*queue_->next_available(kNow - kHour), kNow - kHour);
    auto held = claim(kNow - kHour);
    ASSERT_TRUE(*queue_->give_back(held.claim, kNow + 64'000, true, kNow));
    for (const UnixMillis now : {kNow + 1, kNow - 10'000}) {
        EXPECT_FALSE(*queue_->claim("worker-1", now)) << "it waits its time";
        EXPECT_EQ(*queue_->next_available(now), kNow + 64'000) << "for who comes late, too";
    }
    EXPECT_EQ(*queue_->next_available(kNow - kHour), kNow - kHour);
    held = claim(kNow - kHour);
    ASSERT_TRUE(jobs_->cancel(record.job.id, kNow));
    Outbox outbox(database());
    auto deliveries = outbox.claim(any_room, kNow + 30'000, kNow);
    ASSERT_EQ(deliveries->size(), 1U);
    EXPECT_TRUE(outbox.claim(any_room, kNow + 29'000, kNow - 1'000)->empty())
        << "another's clock is a second behind";
    note(outbox, deliveries->front(), {1, kNow, 500, {}, 9}, "pending", kNow + 5'000);
    for (const UnixMillis now : {kNow + 1, kNow - 10'000})
        EXPECT_TRUE(outbox.claim(any_room, kNow + 30'000, now)->empty());
    EXPECT_EQ(*outbox.next_due(kNow - kHour), kNow - kHour);
    deliveries = outbox.claim(any_room, kNow - kHour + 30'000, kNow - kHour);
    ASSERT_EQ(deliveries->size(), 1U);
    EXPECT_TRUE(outbox.claim(any_room, kNow - kHour + 30'000, kNow - kHour)->empty())
        << "not two tries at once";
}

TEST_P(Conformance, AHandedBackJobCostsNoAttemptAndWaitsItsTime) {
    add_job();
    const auto held = claim(kNow);
    EXPECT_TRUE(*queue_->give_back(held.claim, kNow + 5'000, false, kNow + 1));
    EXPECT_FALSE(*queue_->claim("worker-2", kNow + 4'999));
    EXPECT_EQ(*queue_->next_available(kNow + 10), kNow + 5'000);
    EXPECT_EQ(claim(kNow + 5'000).record.tries(), 1);
}

TEST_P(Conformance, FinishWritesStateFilesPartsAndDeliveryAtOnce) {
    FileTable files(database());
    add_job(kNow, "https://example.com/hook");
    auto held = claim();
    ASSERT_TRUE(files.add({"f1", held.claim.job_id, "output", "a.mp4", false, kNow, kNow}));
    Ending outcome{held.record, {{"f1", "a.mp4", 30}}, {{"a.m4s", 10}, {"b.m4s", 20}}, "task_x"};
    outcome.record.job.status = JobStatus::kSucceeded;
    outcome.record.job.output = "http://host/files/f1/a.mp4";
    ASSERT_TRUE(*queue_->finish(held.claim, outcome, kNow + 99));
    EXPECT_TRUE((*files.find("f1"))->is_ready);
    EXPECT_EQ(status_of(held.claim.job_id), JobStatus::kSucceeded);
    const auto deliveries = Outbox(database()).of_job(held.claim.job_id);
    ASSERT_EQ(deliveries->size(), 1U);
    EXPECT_EQ(deliveries->front().type, "job.succeeded");
    EXPECT_THAT(deliveries->front().body, testing::HasSubstr("http://host/files/f1/a.mp4"));
    const auto parts = jobs_->list_parts("task_x", {.limit = 1, .is_descending = false});
    EXPECT_EQ(parts->items.front().name, "a.m4s");
    EXPECT_TRUE(parts->has_more);
    EXPECT_FALSE(*queue_->finish(held.claim, outcome, kNow + 100));
}

TEST_P(Conformance, DeliveriesOfAllJobsAreListedByPages) {
    Outbox outbox(database());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(jobs_->cancel(add_job(kNow + i, "https://example.com/hook").job.id, kNow + i));
    }
    const auto due = outbox.claim(any_room, kNow + 30'000, kNow + 9);
    ASSERT_EQ(due->size(), 3U);
    note(outbox, due->front(), {1, kNow, 200, {}, 9}, "delivered", {});
    const auto ids_of = [&](const ListQuery& query) {
        std::vector<std::string> ids;
        const auto page = outbox.list(query);
        for (const auto& one : page->items) ids.push_back(one.id);
        return ids;
    };
    const auto newest_first = ids_of({});
    ASSERT_EQ(newest_first.size(), 3U);
    EXPECT_TRUE(std::ranges::is_sorted(newest_first, std::greater()));
    const auto first = outbox.list({.limit = 2});
    EXPECT_TRUE(first->has_more);
    const ListQuery rest{.limit = 2, .after = first->items.back().id};
    EXPECT_EQ(ids_of(rest), std::vector{newest_first.back()});
    EXPECT_FALSE(outbox.list(rest)->has_more);
    const ListQuery back{.limit = 1, .before = newest_first.back()};
    EXPECT_EQ(ids_of(back), std::vector{newest_first[1]}) << "the nearest";
    EXPECT_EQ(ids_of({.is_descending = false}).front(), newest_first.back());
    EXPECT_EQ(ids_of({.statuses = {"delivered"}}), std::vector{due->front().id});
    EXPECT_EQ(ids_of({.statuses = {"pending", "failed"}}).size(), 2U);
    EXPECT_FALSE(outbox.list({.after = "job_x"}));
}

TEST_P(Conformance, OneOfSeveralOutputsIsThereWhileTheJobGoesOn) {
    Order order = order_for("video", "https://example.com/a.mp4");
    order.kind = kMultiKind;
    order.outputs.push_back({Operation(ImageOptions{}), {{}, {}, "poster"}, {{"width", 9}}});
    const auto made = JobRecord::make(std::move(order), false, kNow);
    ASSERT_TRUE(create(*jobs_, made, std::nullopt, {}));
    auto held = claim(kNow);
    FileTable files(database());
    ASSERT_TRUE(files.add({"f1", held.claim.job_id, "output", "a.mp4", false, kNow, kNow}));
    // What could not be saved before is written with it.
    begin(held.record.job.tasks.at(2), kNow + 1);
    succeed(held.record.job.tasks.at(2), {}, kNow + 4);
    auto& exported = held.record.job.tasks.at(3);
    File file;
    file.url = "https://example.com/files/f1/a.mp4";
    succeed(exported, file, kNow + 5);
    held.record.job.warnings = {"outputs.0: cut short"};
    const Ending so_far{held.record, {{"f1", "a.mp4", 30}}, {{"a.m4s", 10}}, exported.id};
    ASSERT_TRUE(*queue_->publish(held.claim, so_far, kNow + 5));

    const auto found = **jobs_->find_job(held.claim.job_id);
    EXPECT_EQ(found.job.status, JobStatus::kProcessing);
    EXPECT_GT(found.revision, held.record.revision);
    EXPECT_EQ(found.job.outputs->at(0).output, file.url);
    EXPECT_EQ(found.job.outputs->at(0).status, TaskStatus::kSucceeded);
    EXPECT_EQ(found.job.outputs->at(1).name, "poster");
    EXPECT_EQ(found.job.outputs->at(1).options.at("width"), 9);
    EXPECT_EQ(found.job.warnings, held.record.job.warnings);
    EXPECT_TRUE((*files.find("f1"))->is_ready);
    EXPECT_EQ(jobs_->list_parts(exported.id, {})->items.size(), 1U);
    EXPECT_FALSE(*files.discard("f1"));
    EXPECT_EQ((*files.find("f1"))->role, "output") << "what is published is no garbage";

    EXPECT_TRUE(*queue_->give_back(held.claim, kNow + 6, true, kNow + 6));
    EXPECT_FALSE(*queue_->publish(held.claim, so_far, kNow + 7)) << "it is not his any more";
    const auto next = claim(kNow + 8);
    EXPECT_EQ(next.record.job.tasks.at(3).status, TaskStatus::kSucceeded);
    EXPECT_EQ(next.record.job.warnings, held.record.job.warnings);
    EXPECT_EQ(jobs_->list_jobs({.kind = std::string(kMultiKind)})->items.size(), 1U);
}

TEST_P(Conformance, CancelEndsAJobOnceAndRefusesOneThatEnded) {
    const auto record = add_job(kNow, "https://example.com/hook");
    const auto held = claim();
    ASSERT_TRUE(jobs_->cancel(record.job.id, kNow + 20));
    EXPECT_EQ(status_of(record.job.id), JobStatus::kCancelled);
    EXPECT_FALSE(*queue_->is_held(held.claim));
    ASSERT_TRUE(jobs_->cancel(record.job.id, kNow + 21));
    EXPECT_EQ(Outbox(database()).of_job(record.job.id)->size(), 1U);

    add_job(kNow + 1);
    auto other = claim();
    Ending outcome{other.record, {}, {}, ""};
    outcome.record.job.status = JobStatus::kSucceeded;
    ASSERT_TRUE(*queue_->finish(other.claim, outcome, kNow + 30));
    EXPECT_EQ(jobs_->cancel(other.claim.job_id, kNow + 31).error().kind, ErrorKind::kJobFinished);
    EXPECT_EQ(jobs_->cancel("job_none", kNow).error().kind, ErrorKind::kJobNotFound);
}

TEST_P(Conformance, ATaskThatHadSucceededStaysSoWhenTheJobIsCancelled) {
    add_job();
    auto held = claim();
    begin(held.record.job.tasks[0], kNow + 1);
    succeed(held.record.job.tasks[0], std::nullopt, kNow + 2);
    begin(held.record.job.tasks[1], kNow + 2);
    ASSERT_TRUE(*queue_->heartbeat(held.claim, held.record.job.tasks, true, kNow + 3));
    ASSERT_TRUE(jobs_->cancel(held.record.job.id, kNow + 4));
    const auto tasks = (*jobs_->find_job(held.record.job.id))->job.tasks;
    EXPECT_EQ(to_json(tasks[0]), to_json(held.record.job.tasks[0]));
    EXPECT_EQ(tasks[1].status, TaskStatus::kCancelled);
    EXPECT_EQ(tasks[1].finished_at, kNow + 4);
}

TEST_P(Conformance, OptionsOfTheGreatestDepthComeBack) {
    json::value deep = 1;
    for (std::size_t i = 0; i + 2 < kDeepestJson; ++i) deep = json::array{std::move(deep)};
    const auto record = record_for("video", "https://example.com/a.mp4", {{"deep", deep}}, kNow);
    ASSERT_TRUE(create(*jobs_, record, std::nullopt, {}));
    const auto held = claim();
    ASSERT_TRUE(*queue_->heartbeat(held.claim, held.record.job.tasks, true, kNow + 3));
    const auto found = jobs_->find_job(record.job.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(to_json((*found)->job.tasks), to_json(record.job.tasks));
}

TEST_P(Conformance, RemoveTakesTheRowsAndTurnsFilesIntoGarbage) {
    FileTable files(database());
    const auto record = add_job();
    ASSERT_TRUE(files.add({"f2", record.job.id, "output", "a.mp4", true, kNow, kNow}));
    ASSERT_TRUE(jobs_->remove(record.job.id, kNow + 1));
    EXPECT_FALSE(*jobs_->find_job(record.job.id));
    EXPECT_FALSE(*jobs_->find_task(record.job.tasks.front().id));
    EXPECT_EQ((*files.find("f2"))->role, "garbage");
    const auto garbage = *files.garbage(10);
    ASSERT_EQ(garbage.size(), 1U);
    EXPECT_TRUE(files.garbage(10, garbage.front())->empty());
    EXPECT_EQ(files.make_ready("f2", 7, kNow).error().kind, ErrorKind::kFileNotFound);
    EXPECT_EQ(jobs_->remove(record.job.id, kNow).error().kind, ErrorKind::kJobNotFound);
}

TEST_P(Conformance, ListsPageBothWaysAndFilter) {
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(add_job(kNow + i).job.id);
    ListQuery query{.limit = 2};
    auto page = jobs_->list_jobs(query);
    EXPECT_EQ(page->items.at(0).id, ids[4]);
    EXPECT_TRUE(page->has_more);
    query.after = ids[3];
    page = jobs_->list_jobs(query);
    EXPECT_EQ(page->items.at(0).id, ids[2]);
    query.after = ids[1];
    page = jobs_->list_jobs(query);
    EXPECT_EQ(page->items.size(), 1U);
    EXPECT_FALSE(page->has_more);
    query = {.limit = 2, .before = ids[0]};
    page = jobs_->list_jobs(query);
    EXPECT_EQ(page->items.at(0).id, ids[2]);
    EXPECT_EQ(page->items.at(1).id, ids[1]);
    query = {.limit = 10, .is_descending = false, .after = ids[2]};
    EXPECT_EQ(jobs_->list_jobs(query)->items.at(0).id, ids[3]);
    claim();
    query = {.statuses = {"processing"}};
    EXPECT_EQ(jobs_->list_jobs(query)->items.at(0).id, ids[0]);
    query = {.after = "task_unknown"};
    EXPECT_EQ(jobs_->list_jobs(query).error().kind, ErrorKind::kInvalidRequest);
}

TEST_P(Conformance, AJobIsFoundByItsInputHoweverLong) {
    std::string url = "https://example.com/";
    while (url.size() < 8'000) url += random_hex(128);  // what repeats itself takes less room
    const auto record = record_for("video", url);
    ASSERT_TRUE(create(*jobs_, record, std::nullopt, {}));
    ASSERT_TRUE(create(*jobs_, record_for("video", url + "x"), std::nullopt, {}));
    const auto found = jobs_->list_jobs({.input = url});
    ASSERT_TRUE(found && found->items.size() == 1);
    EXPECT_EQ(found->items.front().id, record.job.id);
}

TEST_P(Conformance, HigherPrioritiesComeFirstAndWithinOneTheOldest) {
    const auto add = [&](int priority) {
        auto order = order_for("video", "https://example.com/a.mp4");
        order.priority = priority;
        const auto record = JobRecord::make(std::move(order), false, kNow);
        EXPECT_TRUE(create(*jobs_, record, std::nullopt, {}));
        return record.job.id;
    };
    const auto low = add(-1);
    const auto first = add(0);
    const auto second = add(0);
    const auto high = add(10);
    for (const auto& id : {high, first, second, low}) EXPECT_EQ(claim().claim.job_id, id);
}

TEST_P(Conformance, WhatWasOrderedComesBack) {
    auto order = order_for("image", "s3://bucket/a", {{"width", "50%"}});
    order.outputs.front().place.url = "s3://bucket/b.jpg";
    order.connection = "conn_1";
    order.metadata = {{"a", 1}};
    order.priority = 3;
    const auto record = JobRecord::make(order, false, kNow);
    ASSERT_TRUE(create(*jobs_, record, std::nullopt, {}));
    const auto found = jobs_->find_job(record.job.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(json_text((*found)->order), json_text(order));
    EXPECT_EQ(to_json((*found)->job), to_json(record.job));
    EXPECT_EQ(claim().record.order.outputs.front().sent, order.outputs.front().sent);
}

TEST_P(Conformance, StandaloneTasksStayOutOfTheJobList) {
    const auto record = JobRecord::make(order_for("probe", "https://example.com/a"), true, kNow);
    ASSERT_TRUE(create(*jobs_, record, std::nullopt, {}));
    EXPECT_TRUE(jobs_->list_jobs({})->items.empty());
    EXPECT_EQ(jobs_->list_tasks({})->items.at(0).id, record.job.tasks.at(0).id);
    EXPECT_EQ((*jobs_->find_task(record.job.tasks.at(0).id))->job_id, record.job.id);
}

TEST_P(Conformance, AFailedWriteLeavesNothingAndHarmsNoNeighbour) {
    auto& database = *fixture_.database;
    std::atomic<int> failures = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 16; ++t) {
            threads.emplace_back([&, t] {
                const auto outcome = database.write([&](Session& session) -> Result<void> {
                    TRY(session.run(
                        "INSERT INTO api_keys (id, name, hash, hint, created_at) "
                        "VALUES ($1, 'n', $1, 'h', 0)",
                        {std::to_string(t)}
                    ));
                    if (t % 2 == 1) return Error{ErrorKind::kUnavailable, "no", ""};
                    return {};
                });
                if (!outcome) ++failures;
            });
        }
    }
    EXPECT_EQ(failures, 8);
    EXPECT_EQ(KeyTable(database).list()->size(), 8U);
}

TEST_P(Conformance, WhoWaitsIsWokenByWhatIsHisAndByNothingElse) {
    auto& changes = database().changes();
    const auto first = add_job();
    const auto second = add_job(kNow + 1, "https://example.com/hook");
    const auto of_first = changes.subscribe({topic::job(first.job.id)});
    const auto of_second = changes.subscribe({topic::job(second.job.id)});
    const auto of_queue = changes.subscribe({std::string(topic::kQueue)});
    const auto of_outbox = changes.subscribe({std::string(topic::kOutbox)});
    const auto topics_of = [](const auto& listener) {
        std::vector<std::string> topics;
        for (const auto& news : listener->take()) topics.push_back(news.topic);
        return topics;
    };
    auto held = claim();
    EXPECT_THAT(topics_of(of_first), testing::ElementsAre(topic::job(first.job.id)));
    EXPECT_TRUE(*queue_->heartbeat(held.claim, {}, false, kNow + 20)) << "a beat is nobody's news";
    EXPECT_FALSE(of_first->has_news());
    EXPECT_FALSE(of_queue->has_news());
    EXPECT_TRUE(*queue_->give_back(held.claim, kNow, true, kNow + 30));
    EXPECT_THAT(topics_of(of_queue), testing::ElementsAre("queue"));
    EXPECT_FALSE(of_second->has_news());
    EXPECT_FALSE(of_outbox->has_news());
    std::jthread canceller([&] { EXPECT_TRUE(jobs_->cancel(second.job.id, kNow + 40)); });
    EXPECT_TRUE(of_outbox->wait(std::chrono::seconds(10), {}));
    canceller.join();
    EXPECT_THAT(topics_of(of_second), testing::ElementsAre(topic::job(second.job.id)));
    EXPECT_FALSE(jobs_->cancel("job_none", kNow)) << "what fails is no news";
    changes.tell(topic::progress(first.job.id), "{}");
    EXPECT_THAT(topics_of(of_first), testing::ElementsAre(topic::job(first.job.id)))
        << "what it was given back for, and no progress";
    EXPECT_THAT(topics_of(of_queue), testing::IsEmpty());
}

TEST_P(Conformance, WhoFollowsAllJobsHearsOfEachByItsId) {
    auto& changes = database().changes();
    const auto of_all = changes.subscribe({topic::job(""), topic::progress("")});
    const auto job = add_job().job;
    changes.tell(topic::progress(job.id), "{}");
    std::vector<std::string> topics;
    for (const auto& news : of_all->take()) topics.push_back(news.topic);
    EXPECT_THAT(topics, testing::ElementsAre(topic::job(job.id), topic::progress(job.id)));
    EXPECT_EQ(topic::job_in(topics.front()), job.id);
    EXPECT_EQ(topic::job_in(topics.back()), job.id);
    EXPECT_EQ(topic::job_in(topic::kQueue), "");
}

TEST_P(Conformance, DeliveriesAreClaimedWhenDueAndResent) {
    Outbox outbox(database());
    const auto record = add_job(kNow, "https://example.com/hook");
    ASSERT_TRUE(jobs_->cancel(record.job.id, kNow));
    auto deliveries = outbox.claim(any_room, kNow + 30'000, kNow);
    ASSERT_TRUE(deliveries && deliveries->size() == 1);
    EXPECT_TRUE(outbox.claim(any_room, kNow + 30'000, kNow)->empty());
    const auto first = deliveries->front();
    EXPECT_EQ(first.attempts, 1);
    const DeliveryAttempt attempt{1, kNow, 500, "it answered 500", 12};
    note(outbox, first, attempt, "pending", kNow + 5'000);
    EXPECT_TRUE(outbox.claim(any_room, kNow + 30'000, kNow + 4'999)->empty());
    EXPECT_EQ(*outbox.next_due(kNow), kNow + 5'000);
    deliveries = outbox.claim(any_room, kNow + 30'000, kNow + 5'000);
    ASSERT_EQ(deliveries->size(), 1U);
    note(outbox, deliveries->front(), {2, kNow, 200, {}, 9}, "delivered", {});
    EXPECT_EQ(outbox.attempts(first.id)->size(), 2U);
    EXPECT_TRUE(*outbox.resend(record.job.id, first.id, kNow + 9'000));
    EXPECT_FALSE(*outbox.resend(record.job.id, "msg_none", kNow));
    EXPECT_EQ(outbox.claim(any_room, kNow + 30'000, kNow + 9'000)->size(), 1U);
}

TEST_P(Conformance, EachReceiverIsGivenWhatItHasRoomFor) {
    Outbox outbox(database());
    for (int i = 0; i < 30; ++i) {
        const auto* url = i < 20 ? "https://Slow.example/hook?a" : "https://fast.example/b";
        ASSERT_TRUE(jobs_->cancel(add_job(kNow + i, url).job.id, kNow + i));
    }
    const auto room_for_slow = [](int most) {
        return [most](const std::string& receiver, std::size_t) {
            return receiver == "https://slow.example" ? most : 8;
        };
    };
    const auto claimed = outbox.claim(room_for_slow(2), kNow + 90'000, kNow + 100);
    std::map<std::string, std::vector<UnixMillis>> times;
    for (const auto& one : *claimed) times[receiver_of(one.url)].push_back(one.created_at);
    EXPECT_THAT(times["https://slow.example"], testing::UnorderedElementsAre(kNow, kNow + 1));
    EXPECT_EQ(times["https://fast.example"].size(), 8U);
    EXPECT_EQ(outbox.claim(room_for_slow(0), kNow + 90'000, kNow + 100)->size(), 2U);
}

TEST_P(Conformance, ManyJobsThatMustWaitDoNotHideOneThatNeedNot) {
    const auto record = add_job();
    ASSERT_TRUE(fixture_.database->write([&](Session& session) -> Result<void> {
        for (int i = 0; i < 1500; ++i) {
            TRY(session.run(
                "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
                "revision, attempt, available_at, created_at, updated_at) SELECT $1, is_task, "
                "kind, status, input, options, metadata, request, revision, attempt, $2, "
                "created_at, updated_at FROM jobs WHERE id = $3",
                {"job_00" + std::to_string(i), kNow + 60'000, record.job.id}
            ));
        }
        return {};
    }));
    EXPECT_EQ(*queue_->next_available(kNow + 10), kNow);
    EXPECT_EQ(claim().claim.job_id, record.job.id);
    EXPECT_EQ(*queue_->next_available(kNow + 10), kNow + 60'000);
    EXPECT_FALSE(*queue_->claim("worker-1", kNow + 10));
}

TEST_P(Conformance, AResendDuringATryIsNotLost) {
    Outbox outbox(database());
    const auto record = add_job(kNow, "https://example.com/hook");
    ASSERT_TRUE(jobs_->cancel(record.job.id, kNow));
    const auto first = outbox.claim(any_room, kNow + 30'000, kNow);
    ASSERT_EQ(first->size(), 1U);
    EXPECT_TRUE(*outbox.resend(record.job.id, first->front().id, kNow + 100));
    EXPECT_TRUE(outbox.claim(any_room, kNow + 30'000, kNow + 100)->empty())
        << "not two tries at once";
    note(outbox, first->front(), {1, kNow, 200, {}, 200}, "delivered", {});
    const auto again = outbox.claim(any_room, kNow + 30'200, kNow + 200);
    ASSERT_EQ(again->size(), 1U);
    EXPECT_EQ(again->front().attempts, 2);
    note(outbox, again->front(), {2, kNow, 200, {}, 200}, "delivered", {});
    EXPECT_FALSE(*outbox.next_due(kNow));
    EXPECT_EQ(outbox.of_job(record.job.id)->front().status, "delivered");
}

TEST_P(Conformance, UnusedUploadsExpireUnlessAJobKeepsThem) {
    FileTable files(database());
    constexpr UnixMillis kDay = 86'400'000;
    const std::string kept(32, 'a');
    ASSERT_TRUE(files.add({kept, {}, "upload", "a", true, kNow, kNow}));
    ASSERT_TRUE(files.add({"left", {}, "upload", "a", true, kNow, kNow}));
    const auto record = record_for("video", "http://host/files/" + kept + "/a", {}, kNow);
    ASSERT_TRUE(create(*jobs_, record, std::nullopt, {}));
    const std::string subtitles(32, 'b');
    ASSERT_TRUE(files.add({subtitles, {}, "upload", "b", true, kNow, kNow}));
    auto subtitled = record_for("video", "http://host/a", {}, kNow);
    VideoOptions options;
    options.subtitle_url = "http://host/files/" + subtitles + "/b";
    subtitled.order.outputs.front().work = Operation(options);
    ASSERT_TRUE(create(*jobs_, subtitled, std::nullopt, {}));
    const auto role_of = [&](const std::string& id) { return (*files.find(id))->role; };
    ASSERT_TRUE(files.expire(kNow + kDay, 0, kNow + 2 * kDay));
    EXPECT_EQ(role_of("left"), "garbage");
    EXPECT_EQ(role_of(kept), "upload");
    EXPECT_EQ(role_of(subtitles), "upload");
    ASSERT_TRUE(jobs_->cancel(subtitled.job.id, kNow));
    ASSERT_TRUE(files.expire(kNow + 3 * kDay, 0, kNow + 4 * kDay));
    EXPECT_EQ(role_of(kept), "upload");
    EXPECT_EQ(role_of(subtitles), "garbage");
}

TEST_P(Conformance, ConnectionNamesAreUniqueAndTheDefaultIsOne) {
    ConnectionTable connections(database());
    ASSERT_TRUE(connections.add({"conn_1", "a", {}, "x", true, kNow, kNow}));
    ASSERT_TRUE(connections.add({"conn_2", "b", {{"region", "eu"}}, "y", true, kNow, kNow}));
    EXPECT_EQ(
        connections.add({"conn_3", "b", {}, "z", false, kNow, kNow}).error().kind,
        ErrorKind::kConnectionExists
    );
    EXPECT_EQ((*connections.find_default())->id, "conn_2");
    const auto before = **connections.find("a");
    auto renamed = before;
    renamed.name = "c";
    renamed.updated_at = kNow + 1;
    EXPECT_TRUE(*connections.update(renamed, before));
    renamed.name = "d";
    EXPECT_FALSE(*connections.update(renamed, before)) << "somebody has changed it since";
    EXPECT_EQ((*connections.find("conn_1"))->name, "c");
    EXPECT_EQ((*connections.find("c"))->id, "conn_1");
    EXPECT_TRUE(*connections.remove("conn_1"));
    EXPECT_FALSE(*connections.remove("conn_1"));
    EXPECT_EQ(connections.list({})->items.size(), 1U);
}

TEST_P(Conformance, UploadsOfAttemptsThatAreOverAreAbandoned) {
    UploadTable uploads(database());
    const auto id = add_job().job.id;
    const auto receipts = [&] {
        std::vector<std::string> found;
        const auto abandoned = uploads.abandoned(10);
        for (const auto& upload : *abandoned) found.push_back(upload.receipt);
        return found;
    };
    const auto first = claim();
    ASSERT_TRUE(uploads.add({id, first.claim.attempt, "conn_1", "films", "one"}, kNow));
    ASSERT_TRUE(uploads.add({id, 0, "conn_1", "films", "piece"}, kNow + 10));
    EXPECT_THAT(receipts(), testing::IsEmpty());
    ASSERT_EQ(*queue_->take_back_all("worker-1", kNow + 20), 1);
    EXPECT_THAT(receipts(), testing::ElementsAre("one"));
    const auto second = claim(kNow + 30);
    ASSERT_TRUE(uploads.add({id, second.claim.attempt, "conn_1", "films", "two"}, kNow + 30));
    EXPECT_THAT(receipts(), testing::ElementsAre("one"));
    ASSERT_TRUE(jobs_->cancel(id, kNow + 40));
    EXPECT_THAT(receipts(), testing::ElementsAre("one", "piece", "two"));
    const auto oldest = uploads.abandoned(1)->front();
    EXPECT_EQ(oldest.bucket, "films");
    EXPECT_EQ(uploads.abandoned(1, oldest)->front().receipt, "piece");
    ASSERT_TRUE(uploads.remove("piece"));
    EXPECT_TRUE(*uploads.holds("one"));
    ASSERT_TRUE(uploads.remove("one"));
    EXPECT_FALSE(*uploads.holds("one"));
    EXPECT_THAT(receipts(), testing::ElementsAre("two"));
}

TEST_P(Conformance, OldRowsAreForgotten) {
    const auto record = add_job();
    ASSERT_TRUE(jobs_->cancel(record.job.id, kNow));
    ASSERT_TRUE(jobs_->remember({"POST /x", "k", "f"}, {"", "body"}, kNow));
    EXPECT_EQ(*jobs_->forget(kNow, kNow), 0);
    EXPECT_EQ(*jobs_->forget(kNow + 1, kNow + 1), 2);
    EXPECT_FALSE(*jobs_->find_job(record.job.id));
    EXPECT_FALSE(*jobs_->find_answer({"POST /x", "k", "f"}));
}

}  // namespace
}  // namespace ittybit::store
