// One encode, several workers.

#include "work/split_encode_test.h"

#include <gmock/gmock.h>

namespace ittybit::work {
namespace {

TEST_F(SplitEncodeTest, OneWorkerMakesAllPiecesAndJoinsThemInTheirOrder) {
    const auto id = add_job();
    auto own = shop("one");
    work_once(own);
    const auto done = job(id);
    EXPECT_EQ(done.status, JobStatus::kSucceeded);
    EXPECT_EQ(output_of(done), "aaabbbcccddd");
    EXPECT_THAT(done.warnings, testing::ElementsAre("seen")) << "told once";
    EXPECT_EQ(encoded_, 4);
    EXPECT_EQ(left_behind(), 2U);
}

TEST_F(SplitEncodeTest, OthersTakePiecesWhileOneIsEncoded) {
    const auto id = add_job();
    auto own = shop("one");
    auto others = shop("two");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 0) return {};
        while (work_once(others)) {
        }
        return {};
    };
    work_once(own);
    EXPECT_EQ(output_of(job(id)), "aaabbbcccddd");
    EXPECT_EQ(encoded_, 4);
    EXPECT_EQ(left_behind(), 2U);
}

TEST_F(SplitEncodeTest, AStreamIsSharedSegmentBySegment) {
    plan_ = ladder();
    const auto id = add_job("adaptive_video");
    auto own = shop("one");
    auto others = shop("two");
    std::vector<std::int64_t> begins;
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        begins.push_back(piece.from / 90000);
        while (piece.number == 0 && work_once(others)) {
        }
        return {};
    };
    work_once(own);
    EXPECT_EQ(output_of(job(id)), "aaabbbcccddd");
    EXPECT_THAT(begins, testing::ElementsAre(0, 6, 12, 18));
    EXPECT_EQ(left_behind(), 2U);
}

TEST_F(SplitEncodeTest, APieceThatFailsForGoodFailsTheJobWithItsError) {
    const auto id = add_job();
    before_ = [](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 2) return {};
        return Error{ErrorKind::kCorruptMedia, "this part is broken", ""};
    };
    auto own = shop("one");
    work_once(own);
    const auto failed = job(id);
    EXPECT_EQ(failed.status, JobStatus::kFailed);
    EXPECT_EQ(failed.error->kind, ErrorKind::kCorruptMedia);
    EXPECT_EQ(failed.error->message, "this part is broken");
    EXPECT_EQ(encoded_, 3) << "the last one is not begun in vain";
    EXPECT_EQ(left_behind(), 1U);
}

TEST_F(SplitEncodeTest, APieceThatFailsByOurFaultIsTriedOnceMore) {
    const auto id = add_job();
    std::atomic<bool> has_failed = false;
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 1 || has_failed.exchange(true)) return {};
        return Error{ErrorKind::kTaskCrashed, "it fell over", ""};
    };
    auto own = shop("one");
    work_once(own);
    EXPECT_EQ(output_of(job(id)), "aaabbbcccddd");
    EXPECT_EQ(encoded_, 5);
}

TEST_F(SplitEncodeTest, WhoTakesTheJobOverMakesOnlyWhatIsMissing) {
    const auto id = add_job();
    auto own = shop("one");
    auto next = shop("two");
    std::atomic<bool> is_lost = false;
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 2 || is_lost.exchange(true)) return {};
        EXPECT_EQ(*queue_.take_back_all("one", clock_.now()), 1);
        const auto leases = segments_.leases();
        for (const auto& lease : *leases) EXPECT_TRUE(*segments_.take_back(lease, ""));
        work_once(next);
        EXPECT_EQ(job(id).status, JobStatus::kQueued) << "pieces come before jobs";
        return {};
    };
    work_once(own);
    while (job(id).status != JobStatus::kSucceeded && work_once(next)) {
    }
    EXPECT_EQ(output_of(job(id)), "aaabbbcccddd");
    EXPECT_LE(encoded_, 5);
    EXPECT_EQ(left_behind(), 2U);
}

TEST_F(SplitEncodeTest, NothingStaysOfAJobThatWasCancelled) {
    const auto id = add_job();
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 1) return {};
        EXPECT_TRUE(jobs_.cancel(id, clock_.now()));
        return {};
    };
    auto own = shop("one");
    work_once(own);
    EXPECT_EQ(job(id).status, JobStatus::kCancelled);
    EXPECT_EQ(left_behind(), 1U);
}

}  // namespace
}  // namespace ittybit::work
