// The list of stored files, and their deletion.

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

using testing::ElementsAre;

class Files : public testing::TestWithParam<Opener> {
protected:
    void SetUp() override {
        fixture_ = GetParam()();
        ASSERT_TRUE(migrate(*fixture_.database));
        recording_ = std::make_unique<RecordingDatabase>(
            *fixture_.database, [](std::string_view sql) { statements().hear(sql); }
        );
        files_ = std::make_unique<FileTable>(*recording_);
    }
    void TearDown() override {
        files_.reset();
        recording_.reset();
        fixture_.close();
    }

    void add(
        const std::string& id,
        UnixMillis at,
        const std::string& role = "upload",
        const std::optional<std::string>& job = {}
    ) {
        EXPECT_TRUE(files_->add({id, job, role, id + ".mp4", false, at, at}));
        EXPECT_TRUE(files_->make_ready(id, 7, at));
    }

    std::vector<std::string> ids(const ListQuery& query) {
        const auto page = files_->list(query);
        EXPECT_TRUE(page) << (page ? "" : page.error().message);
        std::vector<std::string> ids;
        for (const auto& file : page->items) ids.push_back(file.id);
        return ids;
    }

    Fixture fixture_;
    std::unique_ptr<Database> recording_;  // what is asked of it is looked at by plans_test
    std::unique_ptr<FileTable> files_;
};
INSTANTIATE_TEST_SUITE_P(
    On,
    Files,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(Files, AreListedByAgeWhateverTheirRole) {
    add("c", kNow, "output");
    add("a", kNow + 1, "import");
    add("b", kNow + 1);
    EXPECT_TRUE(files_->add({"unready", {}, "upload", "x", false, kNow, kNow}));
    EXPECT_TRUE(files_->add({"garbage", {}, "garbage", "x", true, kNow, kNow}));
    EXPECT_THAT(ids({}), ElementsAre("b", "a", "c"));
    EXPECT_THAT(ids({.is_descending = false}), ElementsAre("c", "a", "b"));
    EXPECT_THAT(ids({.role = "import"}), ElementsAre("a"));
    EXPECT_THAT(ids({.created_after = kNow}), ElementsAre("b", "a"));
    EXPECT_THAT(ids({.created_before = kNow + 1}), ElementsAre("c"));
    EXPECT_EQ(files_->list({})->items.front().size, 7);
}

TEST_P(Files, ArePagedBothWaysAlsoBehindOneThatIsGone) {
    for (int i = 0; i < 7; ++i) add(std::string(1, static_cast<char>('a' + i)), kNow + i / 2);
    std::vector<std::string> seen;
    ListQuery query{.limit = 3};
    for (;;) {
        const auto page = files_->list(query);
        ASSERT_TRUE(page);
        for (const auto& file : page->items) seen.push_back(file.id);
        if (!page->has_more) break;
        query.after = page->cursor;
        EXPECT_EQ(*files_->erase(seen.back()), FileTable::Erased::kDone);
        EXPECT_TRUE(files_->remove(seen.back()));
    }
    EXPECT_THAT(seen, ElementsAre("g", "f", "e", "d", "c", "b", "a"));
    // What is left: g, f, d, c, a.
    EXPECT_THAT(ids({.limit = 2, .before = "a"}), ElementsAre("d", "c"));
    EXPECT_THAT(ids({.limit = 2, .is_descending = false, .after = "c"}), ElementsAre("d", "f"));
    for (const auto* unknown : {"e", "x.a", ""}) {
        const auto page = files_->list({.after = unknown});
        ASSERT_FALSE(page) << unknown;
        EXPECT_EQ(page.error().kind, ErrorKind::kInvalidRequest);
    }
}

TEST_P(Files, OfAJobAreTold) {
    auto job = record_for("video", "https://a.b/c");
    auto task = record_for("video", "https://a.b/c");
    task.is_task = true;
    ASSERT_TRUE(add_job(*recording_, job) && add_job(*recording_, task));
    add("a", kNow, "output", job.job.id);
    add("b", kNow + 1, "output", job.job.id);
    add("c", kNow + 2, "output", task.job.id);
    EXPECT_THAT(ids({.job = job.job.id}), ElementsAre("b", "a"));
    EXPECT_THAT(ids({.limit = 1, .after = "b", .job = job.job.id}), ElementsAre("a"));
    EXPECT_THAT(ids({.job = job.job.id, .role = "upload"}), ElementsAre());
    const auto of_task = files_->list({.job = task.job.id});
    ASSERT_EQ(of_task->items.size(), 1U);
    EXPECT_TRUE(of_task->items.front().is_of_task);
    EXPECT_FALSE(files_->list({.job = job.job.id})->items.front().is_of_task);
}

TEST_P(Files, AreNotDeletedWhileAJobReadsOrMakesThem) {
    const std::string input(32, 'a');
    add(input, kNow);
    const auto record = record_for("video", "http://host/files/" + input + "/a.mp4");
    ASSERT_TRUE(add_job(*recording_, record));
    add("output", kNow, "output", record.job.id);
    EXPECT_EQ(*files_->erase(input), FileTable::Erased::kInUse);
    EXPECT_EQ(*files_->erase("output"), FileTable::Erased::kInUse);
    ASSERT_TRUE(JobStore(*recording_).cancel(record.job.id, kNow));
    EXPECT_EQ(*files_->erase(input), FileTable::Erased::kDone);
    EXPECT_EQ(*files_->erase("output"), FileTable::Erased::kDone);
    EXPECT_EQ(*files_->erase("output"), FileTable::Erased::kNone);
    EXPECT_EQ(*files_->erase("never"), FileTable::Erased::kNone);
    EXPECT_EQ(files_->garbage(9)->size(), 2U);
}

TEST_P(Files, ThatComeInPiecesAreReadyWhenAllIsThere) {
    ResumableTable table(*recording_);
    ASSERT_TRUE(table.add({.id = "a", .name = "x", .length = 9, .metadata = "m", .used_at = kNow}));
    EXPECT_EQ((*table.find("a"))->received, 0);
    EXPECT_TRUE(*table.add_piece("a", {0, 4, "one"}, kNow + 1));
    EXPECT_FALSE(*table.add_piece("a", {0, 9, "another"}, kNow + 2)) << "the first stays";
    EXPECT_TRUE(*table.add_piece("a", {4, 5, "two"}, kNow + 3));
    const auto found = *table.find("a");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->received, 9);
    EXPECT_EQ(found->metadata, "m");
    EXPECT_EQ(found->used_at, kNow + 3);
    EXPECT_FALSE(found->is_ready);
    EXPECT_EQ(table.pieces("a")->back().key, "two");
    EXPECT_THAT(ids({}), ElementsAre());
    ASSERT_TRUE(*table.finish("a", kNow + 4));
    EXPECT_TRUE(table.pieces("a")->empty());
    EXPECT_EQ((*table.find("a"))->received, 9);
    EXPECT_EQ(files_->list({})->items.front().size, 9);
    EXPECT_FALSE(*table.add_piece("a", {9, 1, "late"}, kNow + 5));
}

TEST_P(Files, AreJoinedByOneAtATime) {
    ResumableTable table(*recording_);
    ASSERT_TRUE(table.add({.id = "a", .name = "x", .length = 4, .used_at = kNow}));
    ASSERT_TRUE(*table.add_piece("a", {0, 4, "one"}, kNow));
    EXPECT_EQ(*table.begin_joining("a", 15, kNow), kNow + 15);
    EXPECT_FALSE(*table.begin_joining("a", 15, kNow + 14)) << "somebody is at it";
    EXPECT_TRUE(*table.go_on_joining("a", kNow + 15, kNow + 20));
    EXPECT_FALSE(*table.begin_joining("a", 15, kNow + 19));
    EXPECT_EQ(*table.begin_joining("a", 15, kNow + 20), kNow + 35) << "its lease has ended";
    EXPECT_FALSE(*table.go_on_joining("a", kNow + 20, kNow + 99)) << "it is another's now";
    EXPECT_FALSE(*table.begin_joining("a", 15, kNow + 18)) << "who waited for his turn to write";
    EXPECT_EQ(*table.begin_joining("a", 15, kNow - 100), kNow - 85) << "the clock was set back";
    EXPECT_TRUE(*table.finish("a", kNow));
    EXPECT_FALSE(*table.begin_joining("a", 15, kNow + 99)) << "nothing is left to be done";
    ASSERT_TRUE(table.add({.id = "b", .name = "x", .length = 4, .used_at = kNow}));
    ASSERT_TRUE(files_->discard("b"));
    EXPECT_FALSE(*table.begin_joining("b", 15, kNow));
    EXPECT_FALSE(*table.finish("b", kNow)) << "it was given up";
}

TEST_P(Files, ThatWereGivenUpLeaveNoRows) {
    ResumableTable table(*recording_);
    ASSERT_TRUE(table.add({.id = "a", .name = "x", .length = 9, .used_at = kNow}));
    ASSERT_TRUE(*table.add_piece("a", {0, 4, "one"}, kNow));
    ASSERT_TRUE(files_->discard("a"));
    EXPECT_FALSE(*table.find("a"));
    EXPECT_FALSE(*table.add_piece("a", {4, 5, "two"}, kNow));
    EXPECT_TRUE(files_->remove("a"));
    EXPECT_TRUE(table.pieces("a")->empty());
    ASSERT_TRUE(table.add({.id = "b", .name = "x", .length = 9, .used_at = kNow}));
    constexpr UnixMillis kDay = 86'400'000;
    ASSERT_TRUE(*table.add_piece("b", {0, 4, "one"}, kNow + kDay));
    ASSERT_TRUE(files_->expire(kNow + kDay, 0, kNow + 2 * kDay));
    EXPECT_TRUE(*table.find("b")) << "it is gone on with";
    ASSERT_TRUE(files_->expire(kNow + kDay + 1, 0, kNow + 2 * kDay + 1));
    EXPECT_FALSE(*table.find("b"));
}

TEST_P(Files, ThatComeByATokenHaveItForThemselves) {
    ResumableTable table(*recording_);
    const ResumableUpload upload{.id = "a", .name = "x", .length = 9, .used_at = kNow};
    ASSERT_TRUE(files_->allow_upload({"t", "", 8, kNow + 5}));
    EXPECT_EQ(*table.add_by_token(upload, "t", kNow + 50), 8) << "it is for less";
    EXPECT_FALSE(*table.find("a"));
    ASSERT_TRUE(files_->allow_upload({"u", "", 9, kNow + 5}));
    EXPECT_EQ(*table.add_by_token(upload, "u", kNow + 50), 9);
    EXPECT_TRUE(*table.find("a"));
    EXPECT_TRUE(*table.is_token_of("u", "a"));
    EXPECT_FALSE(*table.is_token_of("t", "a"));
    EXPECT_TRUE(*files_->is_upload_allowed("u", kNow + 49)) << "as long as the upload may take";
    EXPECT_FALSE(*files_->take_upload_token("u", kNow));
    EXPECT_FALSE(
        *table.add_by_token({.id = "b", .name = "x", .length = 1, .used_at = kNow}, "u", kNow + 50)
    );
    EXPECT_FALSE(*table.add_by_token(
        {.id = "b", .name = "x", .length = 1, .used_at = kNow + 5}, "t", kNow + 50
    ));
}

}  // namespace
}  // namespace ittybit::store
