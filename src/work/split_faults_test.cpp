// What may go wrong while an encode is shared, and whom it must not harm.

#include <chrono>
#include <future>
#include <utility>

#include <gmock/gmock.h>

#include "storage/faulty_storage.h"
#include "storage/source_test.h"
#include "store/wrapped_database.h"
#include "work/piece_work.h"
#include "work/split_encode_test.h"

namespace ittybit::work {
namespace {

/// Writes that a piece is done, but its answer does not come the first time.
class UnheardDatabase final : public store::WrappedDatabase {
public:
    using WrappedDatabase::WrappedDatabase;

    void write_later(Work work, Done done) override {
        WrappedDatabase::write_later(
            std::move(work),
            [this, done = std::move(done)](Result<void> outcome) {
                if (outcome && was_piece_.exchange(false) && !is_heard_.exchange(true))
                    outcome = Error{ErrorKind::kUnavailable, "the connection is lost", ""};
                done(std::move(outcome));
            }
        );
    }

private:
    Result<store::Rows> run(
        store::Session& inner, std::string_view sql, const store::Values& values
    ) override {
        if (sql.find("state = 'done'") != std::string_view::npos) was_piece_ = true;
        return inner.run(sql, values);
    }

    std::atomic<bool> was_piece_ = false;
    std::atomic<bool> is_heard_ = false;
};

class SplitFaultsTest : public SplitEncodeTest {
protected:
    /// The next attempt, when its time has come.
    void work_later(Workshop& shop) {
        EXPECT_EQ(job(id_).status, JobStatus::kQueued);
        clock_.later += 60'000;
        while ((*jobs_.find_job(id_))->attempt < 2 && work_once(shop)) {  // pieces come before jobs
        }
    }

    /// Works once; where that does not end by itself, after `help`. Whether it did.
    bool ends_by_itself(Workshop& shop, const std::function<void()>& help) {
        auto work = std::async(std::launch::async, [&] { return work_once(shop); });
        const bool ends = work.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
        if (!ends) help();
        EXPECT_TRUE(work.get());
        return ends;
    }

    /// An input that is at work takes the whole disk.
    void fill_disk() {
        constexpr std::int64_t kMost = std::int64_t{1} << 50U;
        hog_ = room_.open();
        hog_.wrote(kMost);
        EXPECT_TRUE(hog_.take(kMost, {}));
        hog_.wrote(-kMost);
    }
    void free_disk() { hog_ = storage::Room::Share(); }

    /// An input at an origin that does not keep it for us.
    void use_origin(storage::FileServer& origin) { url_ = origin.server().url("/in.mov").text(); }

    storage::Room::Share hog_;
    std::string id_;
};

TEST_F(SplitFaultsTest, PiecesThatAreGoneAreMadeAgainByTheNextAttempt) {
    id_ = add_job();
    auto own = shop("one");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number == 3) store::run_sql(*fixture_.database, "DELETE FROM segments");
        return {};
    };
    work_once(own);
    EXPECT_EQ(job(id_).status, JobStatus::kQueued) << "nobody cancelled it";
    before_ = {};
    work_later(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
}

TEST_F(SplitFaultsTest, PiecesThatFindNoRoomDoNotWaitForTheInputThatWaitsForThem) {
    id_ = add_job();
    auto own = shop("one");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number == 2) fill_disk();
        return {};
    };
    EXPECT_TRUE(ends_by_itself(own, [&] { free_disk(); }));
    free_disk();
    before_ = {};
    work_later(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
    EXPECT_EQ(encoded_, 4) << "those that were made are kept";
}

TEST_F(SplitFaultsTest, WhoHasNoRoomForItsCopyOfTheInputLeavesThePieceToTheHolder) {
    id_ = add_job();
    auto own = shop("one");
    auto others = shop("two");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 0) return {};
        fill_disk();
        EXPECT_TRUE(ends_by_itself(others, [&] { free_disk(); }));
        free_disk();
        return {};
    };
    work_once(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
}

TEST_F(SplitFaultsTest, AWorkerThatFailsAtEveryPieceDoesNotFailTheJob) {
    id_ = add_job();
    auto own = shop("one");
    auto others = shop("two");
    std::atomic<int> failed = 0;
    others.perform = [&](const auto&, const auto&, const auto&) -> Result<Outcome> {
        ++failed;
        return Error{ErrorKind::kDiskFull, "its disk is full", ""};
    };
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        while (piece.number == 0 && work_once(others)) {
        }
        return {};
    };
    work_once(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
    EXPECT_EQ(failed, 3) << "each is left alone then";
}

TEST_F(SplitFaultsTest, AnotherAttemptOfTheJobIsOneAtThePieceThatFailed) {
    id_ = add_job();
    auto own = shop("one");
    std::atomic<int> crashes = 2;
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 1 || crashes-- <= 0) return {};
        return Error{ErrorKind::kTaskCrashed, "it fell over", ""};
    };
    work_once(own);
    work_later(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
    EXPECT_EQ(encoded_, 6);
    EXPECT_EQ(left_behind(), 2U);
}

TEST_F(SplitFaultsTest, PiecesAreOfTheVersionOfTheInputThatTheHolderReads) {
    storage::FileServer origin("the film");
    use_origin(origin);
    id_ = add_job();
    auto own = shop("one");
    auto others = shop("two");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 0) return {};
        origin.change_etag("\"two\"");
        while (work_once(others)) {
        }
        EXPECT_EQ(encoded_, 1) << "not one of another film";
        return {};
    };
    work_once(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
}

TEST_F(SplitFaultsTest, AnAttemptThatReadsAnotherVersionOfTheInputMakesAllPiecesAnew) {
    storage::FileServer origin("the film");
    use_origin(origin);
    id_ = add_job();
    auto own = shop("one");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 3) return {};
        return Error{ErrorKind::kTaskCrashed, "it fell over", ""};
    };
    work_once(own);
    EXPECT_EQ(encoded_, 5);
    before_ = {};
    origin.change_etag("\"two\"");
    work_later(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
    EXPECT_EQ(encoded_, 9);
    EXPECT_EQ(left_behind(), 2U);
}

TEST_F(SplitFaultsTest, WhatCannotBeStoredIsTheFailureOfThatOutputAlone) {
    const auto faulty = std::make_shared<storage::FaultyStorage>(storage_);
    storage_ = faulty;
    auto order = store::order_for("video", url_);
    order.kind = kMultiKind;
    order.outputs.push_back(order.outputs.front());
    const auto record = store::JobRecord::make(std::move(order), false, store::kNow);
    ASSERT_TRUE(store::add_job(*fixture_.database, record));
    faulty->fail_at(1);
    auto own = shop("one");
    work_once(own);
    const auto ended = job(record.job.id);
    EXPECT_EQ(ended.error->kind, ErrorKind::kUploadFailed);
    EXPECT_EQ(ended.error->task, ended.tasks.at(3).id) << "an export, not the import";
    EXPECT_FALSE(ended.outputs->at(0).output);
    EXPECT_TRUE(ended.outputs->at(1).output);
}

TEST_F(SplitFaultsTest, APieceThatCannotBeReadBackIsNoFailureOfTheImport) {
    id_ = add_job();
    auto own = shop("one");
    auto others = shop("two");
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 0) return {};
        EXPECT_TRUE(work_once(others));
        const auto second = segments_.of_task(job(id_).tasks.at(2).id)->at(1);
        EXPECT_TRUE(storage_->remove(key_of_piece(second.file), {}));
        return {};
    };
    work_once(own);
    work_later(own);
    const auto failed = job(id_);
    EXPECT_EQ(failed.error->kind, ErrorKind::kInternalError);
    EXPECT_EQ(failed.error->task, failed.tasks.at(2).id);
}

TEST_F(SplitFaultsTest, APieceWhoseAnswerWasNotHeardIsKept) {
    id_ = add_job();
    UnheardDatabase unheard(*fixture_.database);
    store::SegmentTable segments(unheard);
    auto own = shop("one");
    auto others = shop("two", segments);
    before_ = [&](const PlannedPiece& piece) -> Result<> {
        if (piece.number != 0) return {};
        EXPECT_TRUE(work_once(others));
        left_behind();  // garbage is swept
        return {};
    };
    work_once(own);
    EXPECT_EQ(output_of(job(id_)), "aaabbbcccddd");
    EXPECT_EQ(left_behind(), 2U);
}

}  // namespace
}  // namespace ittybit::work
