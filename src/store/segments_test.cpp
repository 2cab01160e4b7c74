#include "store/segments.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

constexpr auto* kBuild = "1.0+a";

/// Pieces of jobs, on each database.
class SegmentsTest : public testing::TestWithParam<Opener> {
protected:
    void SetUp() override {
        fixture_ = GetParam()();
        ASSERT_TRUE(migrate(*fixture_.database));
        recording_ = std::make_unique<RecordingDatabase>(
            *fixture_.database, [](std::string_view sql) { statements().hear(sql); }
        );
        segments_.emplace(*recording_);
        queue_.emplace(*recording_);
    }
    void TearDown() override {
        queue_.reset();
        segments_.reset();
        recording_.reset();
        fixture_.close();
    }

    /// A job that is being worked on, and its work in pieces.
    Claim split_job(int pieces, int priority = 0, UnixMillis at = kNow) {
        auto order = order_for("video", "https://example.com/a.mp4");
        order.priority = priority;
        const auto record = JobRecord::make(std::move(order), false, at);
        EXPECT_TRUE(add_job(*recording_, record));
        auto claimed = *queue_->claim("holder", kNow + 10);
        EXPECT_TRUE(claimed);
        EXPECT_TRUE(*segments_->put_up(claimed->claim, split_of(*claimed, pieces), kBuild));
        return claimed->claim;
    }
    static Split split_of(const Claimed& job, int pieces, std::string work = "work") {
        return {job.record.job.tasks.at(2).id, std::move(work), pieces};
    }
    std::optional<ClaimedSegment> take(const std::string& worker) {
        auto claimed = segments_->claim(worker, kBuild, kNow + 10);
        EXPECT_TRUE(claimed);
        return *std::move(claimed);
    }
    std::vector<std::string> states(const std::string& task_id) {
        std::vector<std::string> states;
        const auto segments = segments_->of_task(task_id);
        for (const auto& segment : *segments) states.push_back(segment.state);
        return states;
    }
    void add_file(const std::string& id, const std::string& job_id) {
        EXPECT_TRUE(FileTable(*recording_).add({id, job_id, "output", "piece", false, kNow, kNow}));
    }
    std::vector<std::string> garbage() {
        std::vector<std::string> ids;
        const auto files = FileTable(*recording_).garbage(10);
        for (const auto& file : *files) ids.push_back(file.id);
        return ids;
    }

    Fixture fixture_;
    std::unique_ptr<RecordingDatabase> recording_;
    std::optional<SegmentTable> segments_;
    std::optional<Queue> queue_;
};

INSTANTIATE_TEST_SUITE_P(
    On,
    SegmentsTest,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(SegmentsTest, PiecesAreTakenInTheirOrderEachOnceAndOnlyByTheSameBuild) {
    const auto job = split_job(3);
    EXPECT_FALSE(*segments_->is_any_waiting("another"));
    EXPECT_FALSE(*segments_->claim("w", "another", kNow + 10));
    EXPECT_TRUE(*segments_->is_any_waiting(kBuild));
    for (int number = 0; number < 3; ++number) {
        const auto piece = take("w");
        ASSERT_TRUE(piece);
        EXPECT_EQ(piece->number, number);
        EXPECT_EQ(piece->job_id, job.job_id);
        EXPECT_EQ(piece->work, "work");
        EXPECT_EQ(piece->claim.attempt, 1);
    }
    EXPECT_FALSE(take("w"));
    EXPECT_FALSE(*segments_->is_any_waiting(kBuild));
}

TEST_P(SegmentsTest, ManyWorkersTakeEveryPieceOnce) {
    split_job(40);
    std::atomic<int> taken = 0;
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&, i, own = fixture_.open_again()] {
            SegmentTable segments(*own);
            for (;;) {
                const auto piece = segments.claim(std::to_string(i), kBuild, kNow + 10);
                ASSERT_TRUE(piece) << piece.error().message;
                if (!*piece) break;
                ++taken;
                EXPECT_EQ((*piece)->claim.attempt, 1);
                EXPECT_TRUE(*segments.finish((*piece)->claim, "", ""));
            }
        });
    }
    workers.clear();
    EXPECT_EQ(taken, 40);
}

TEST_P(SegmentsTest, APieceComesBeforeNewJobsButNotBeforeOnesOfAHigherPriority) {
    split_job(2, 5);
    ASSERT_TRUE(add_job(*recording_, record_for("video", "https://example.com/b.mp4", {}, kNow + 1))
    );
    EXPECT_TRUE(take("w")) << "the waiting job has a lower priority";
    auto urgent = order_for("video", "https://example.com/c.mp4");
    urgent.priority = 9;
    ASSERT_TRUE(add_job(*recording_, JobRecord::make(std::move(urgent), false, kNow + 2)));
    EXPECT_FALSE(take("w"));
    EXPECT_EQ((*queue_->claim("w", kNow + 10))->record.order.priority, 9);
    EXPECT_TRUE(take("w"));
}

TEST_P(SegmentsTest, WhoLostItsPieceCanWriteNothingMore) {
    split_job(1);
    const auto old = *take("old");
    EXPECT_TRUE(*segments_->beat(old.claim, 40));
    const auto leases = *segments_->leases();
    ASSERT_EQ(leases.size(), 1U);
    EXPECT_EQ(leases.front().beat, 1);
    EXPECT_EQ(segments_->of_task(old.task_id)->front().percent, 40);
    EXPECT_FALSE(*segments_->take_back({old.claim, 0}, "")) << "it has moved since";
    EXPECT_TRUE(*segments_->take_back(leases.front(), ""));
    EXPECT_FALSE(*segments_->beat(old.claim, 50));

    const auto fresh = *take("fresh");
    EXPECT_EQ(fresh.claim.attempt, 2);
    EXPECT_EQ(fresh.failures, 0) << "that a worker is killed is nobody's failure";
    EXPECT_FALSE(*segments_->is_held(old.claim));
    EXPECT_FALSE(*segments_->finish(old.claim, "f", "old"));
    EXPECT_FALSE(*segments_->fail(old.claim, "old", true));
    EXPECT_FALSE(*segments_->give_back(old.claim));
    EXPECT_TRUE(*segments_->is_held(fresh.claim));
    EXPECT_TRUE(*segments_->finish(fresh.claim, "g", "fresh"));
    EXPECT_FALSE(*segments_->finish(fresh.claim, "h", "twice"));
    const auto done = segments_->of_task(fresh.task_id)->front();
    EXPECT_EQ(done.state, "done");
    EXPECT_EQ(done.file, "g");
    EXPECT_EQ(done.result, "fresh");
    EXPECT_THAT(*segments_->leases(), testing::IsEmpty());
}

TEST_P(SegmentsTest, APieceThatFailsIsTriedAgainByTheHolderAndOneThatFailsForGoodStaysSo) {
    const auto job = split_job(1);
    auto piece = *take("w");
    const auto task = piece.task_id;
    EXPECT_TRUE(*segments_->fail(piece.claim, "once", false));
    EXPECT_FALSE(*segments_->is_any_waiting(kBuild));
    EXPECT_FALSE(take("w")) << "who fails all pieces must not fail one twice";
    EXPECT_FALSE(take("v"));
    piece = **segments_->claim_of(job, task);
    EXPECT_EQ(piece.claim.worker, "holder");
    EXPECT_EQ(piece.failures, 1);
    EXPECT_TRUE(*segments_->give_back(piece.claim));
    piece = **segments_->claim_of(job, task);
    EXPECT_EQ(piece.failures, 1);
    EXPECT_TRUE(*segments_->fail(piece.claim, "for good", true));
    EXPECT_FALSE(*segments_->claim_of(job, task));
    const auto failed = segments_->of_task(piece.task_id)->front();
    EXPECT_EQ(failed.state, "failed");
    EXPECT_EQ(failed.result, "for good");
}

TEST_P(SegmentsTest, APieceWhoseWorkersDieAgainAndAgainIsGivenUp) {
    split_job(1);
    std::string task;
    for (int i = 1; i <= SegmentTable::kMostAttempts; ++i) {
        const auto piece = take("w");
        ASSERT_TRUE(piece) << i;
        task = piece->task_id;
        EXPECT_TRUE(*segments_->take_back({piece->claim, 0}, "given up"));
    }
    EXPECT_FALSE(take("w"));
    EXPECT_EQ(segments_->of_task(task)->front().result, "given up");
}

TEST_P(SegmentsTest, TheNextHolderGoesOnWithWhatIsMadeAndOtherWorkBeginsAnew) {
    const auto job = split_job(2);
    const auto piece = *take("w");
    add_file("f1", job.job_id);
    EXPECT_TRUE(*segments_->finish(piece.claim, "f1", "made"));
    EXPECT_TRUE(*queue_->take_back({job, 1}, kNow + 20));
    const auto next = **queue_->claim("next", kNow + 30);
    EXPECT_FALSE(*segments_->put_up(job, split_of(next, 2), kBuild)) << "the old one is too late";
    EXPECT_TRUE(*segments_->put_up(next.claim, split_of(next, 2), kBuild));
    EXPECT_THAT(states(piece.task_id), testing::ElementsAre("done", "waiting"));
    EXPECT_THAT(garbage(), testing::IsEmpty());

    EXPECT_TRUE(*segments_->put_up(next.claim, split_of(next, 2, "other"), kBuild));
    EXPECT_THAT(states(piece.task_id), testing::ElementsAre("waiting", "waiting"));
    EXPECT_THAT(garbage(), testing::ElementsAre("f1"));
    EXPECT_EQ(take("w")->work, "other");
}

TEST_P(SegmentsTest, TheNextAttemptTriesWhatHasFailedAnew) {
    const auto job = split_job(4);
    std::vector<ClaimedSegment> pieces;
    for (int i = 0; i < 4; ++i) pieces.push_back(*take("w"));
    EXPECT_TRUE(*segments_->finish(pieces[0].claim, "", "made"));
    EXPECT_TRUE(*segments_->fail(pieces[1].claim, "for good", true));
    EXPECT_TRUE(*segments_->fail(pieces[2].claim, "once", false));
    EXPECT_TRUE(*queue_->give_back(job, kNow + 20, true, kNow + 20));
    const auto next = **queue_->claim("next", kNow + 30);
    EXPECT_TRUE(*segments_->put_up(next.claim, split_of(next, 4), kBuild));
    const auto task = pieces[0].task_id;
    EXPECT_THAT(states(task), testing::ElementsAre("done", "waiting", "waiting", "processing"));
    EXPECT_TRUE(*segments_->is_held(pieces[3].claim));
    for (int i = 1; i <= 2; ++i) {
        const auto again = *take("v");
        EXPECT_EQ(again.number, i);
        EXPECT_EQ(again.failures, 0);
        EXPECT_EQ(again.claim.attempt, 2) << "how often it was begun is remembered";
    }
}

TEST_P(SegmentsTest, AHolderThatHasLostItsJobTouchesNoPieceOfTheNextOnes) {
    const auto job = split_job(2);
    const auto piece = *take("w");
    EXPECT_TRUE(*segments_->finish(piece.claim, "", "made"));
    EXPECT_TRUE(*queue_->take_back({job, 1}, kNow + 20));
    const auto next = **queue_->claim("next", kNow + 30);
    EXPECT_TRUE(*segments_->put_up(next.claim, split_of(next, 2), kBuild));
    EXPECT_FALSE(*segments_->forget(job, piece.task_id));
    EXPECT_THAT(states(piece.task_id), testing::ElementsAre("done", "waiting"));
    EXPECT_FALSE(*segments_->claim_of(job, piece.task_id));
    EXPECT_TRUE(*segments_->claim_of(next.claim, piece.task_id));
}

TEST_P(SegmentsTest, WhoIsAtAPieceOfOtherWorkHasNoClaimOnTheNewOneThoughItIsTheSameWorkers) {
    const auto job = split_job(1);
    const auto old = *take("w");
    EXPECT_TRUE(*queue_->take_back({job, 1}, kNow + 20));
    const auto next = **queue_->claim("w", kNow + 30);
    EXPECT_TRUE(*segments_->put_up(next.claim, split_of(next, 1, "of another version"), kBuild));
    const auto fresh = *take("w");
    EXPECT_EQ(fresh.claim.attempt, old.claim.attempt);
    EXPECT_FALSE(*segments_->is_held(old.claim));
    EXPECT_FALSE(*segments_->finish(old.claim, "", "old"));
    EXPECT_TRUE(*segments_->finish(fresh.claim, "", "fresh"));
}

TEST_P(SegmentsTest, NothingStaysOfAJobThatEnds) {
    const auto job = split_job(2);
    const auto done = *take("w");
    add_file("f1", job.job_id);
    EXPECT_TRUE(*segments_->finish(done.claim, "f1", "made"));
    const auto running = *take("w");
    EXPECT_TRUE(JobStore(*recording_).cancel(job.job_id, kNow + 20));
    EXPECT_FALSE(*segments_->beat(running.claim, 1));
    EXPECT_FALSE(*segments_->finish(running.claim, "f2", "made"));
    EXPECT_THAT(states(done.task_id), testing::IsEmpty());
    EXPECT_THAT(garbage(), testing::ElementsAre("f1"));
}

TEST_P(SegmentsTest, PiecesThatAreJoinedAreForgotten) {
    const auto job = split_job(1);
    const auto piece = *take("w");
    add_file("f1", job.job_id);
    EXPECT_TRUE(*segments_->finish(piece.claim, "f1", "made"));
    EXPECT_TRUE(*segments_->forget(job, piece.task_id));
    EXPECT_THAT(states(piece.task_id), testing::IsEmpty());
    EXPECT_THAT(garbage(), testing::ElementsAre("f1"));
}

TEST_P(SegmentsTest, TheHolderTakesItsOwnPiecesWhateverWaitsBeside) {
    const auto urgent = split_job(1, 5);
    const auto job = split_job(1, 0, kNow + 1);
    const auto first = *take("w");
    EXPECT_FALSE(*segments_->claim_of(urgent, first.task_id));
    const auto second = *take("w");
    EXPECT_TRUE(*segments_->give_back(second.claim));
    EXPECT_TRUE(*segments_->give_back(first.claim));
    EXPECT_EQ((*segments_->claim_of(job, second.task_id))->task_id, second.task_id);
}

TEST_P(SegmentsTest, WorkersAreKnownForAWhile) {
    WorkerTable workers(*recording_);
    EXPECT_TRUE(workers.show("one", kNow));
    EXPECT_FALSE(*workers.has_others("one", kNow));
    EXPECT_TRUE(workers.show("two", kNow));
    EXPECT_TRUE(*workers.has_others("one", kNow + WorkerTable::kBeatMs));
    EXPECT_FALSE(*workers.has_others("one", kNow + 3 * WorkerTable::kBeatMs));
    EXPECT_TRUE(workers.show("two", kNow + 3 * WorkerTable::kBeatMs));
    EXPECT_TRUE(workers.hide("two"));
    EXPECT_FALSE(*workers.has_others("one", kNow + 3 * WorkerTable::kBeatMs));
}

TEST_P(SegmentsTest, WorkersAreListedWithWhatTheyWorkOn) {
    WorkerTable workers(*recording_);
    const auto listed = [&](UnixMillis now) {
        std::vector<std::string> lines;
        const auto found = workers.list(now);
        EXPECT_TRUE(found);
        for (const auto& one : *found)
            lines.push_back(
                fmt::format("{} +{}: {} {}", one.id, one.seen_at - kNow, one.jobs, one.pieces)
            );
        return lines;
    };
    EXPECT_THAT(listed(kNow), testing::IsEmpty());
    const auto job = split_job(3);
    const auto piece = *take("helper");
    const auto other = *take("helper");
    EXPECT_TRUE(workers.show("idle", kNow + 5));
    EXPECT_TRUE(workers.show("holder", kNow));
    EXPECT_TRUE(workers.show("helper", kNow));
    EXPECT_THAT(
        listed(kNow), testing::ElementsAre("helper +0: 0 2", "holder +0: 1 0", "idle +5: 0 0")
    );
    EXPECT_TRUE(*segments_->finish(piece.claim, "f1", "made"));
    EXPECT_THAT(listed(kNow), testing::Contains("helper +0: 0 1"));
    const auto last = kNow + WorkerTable::kKeptBeats * WorkerTable::kBeatMs;
    EXPECT_THAT(listed(last), testing::SizeIs(3));
    EXPECT_THAT(listed(last + 1), testing::ElementsAre("idle +5: 0 0"));
}

}  // namespace
}  // namespace ittybit::store
