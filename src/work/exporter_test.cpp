#include "work/exporter.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/faulty_storage.h"

namespace ittybit::work {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMega = 1 << 20;

class ExporterTest : public testing::Test {
protected:
    ExporterTest() {
        to.storage = storage::memory_storage();
        to.main_key = "a/film.mp4";
        to.parts_prefix = "a/film-12345678/";
        to.url = "s3://bucket/a/film.mp4";
    }

    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(outcome.workspace.path() / name) << bytes;
    }
    Result<> ready(const std::string& name, const std::string& bytes, bool is_main) {
        write(name, bytes);
        const auto size = static_cast<std::int64_t>(bytes.size());
        return exporter->ready({.name = name, .size = size, .is_main = is_main}, outcome.workspace);
    }
    Result<> grown(std::int64_t from, std::int64_t upto) {
        return exporter->grown({"out.mp4", from, upto}, outcome.workspace);
    }
    std::vector<std::string> keys() const {
        std::vector<std::string> found;
        const auto objects = to.storage->list("", {});
        for (const auto& object : *objects) found.push_back(object.key);
        return found;
    }
    /// Which came before which, as the memory counts.
    int number(const std::string& key) const { return std::stoi(to.storage->head(key, {})->etag); }

    Result<Published> publish() const { return exporter->publish(outcome); }

    Outcome outcome{{}, {}, *sandbox::Workspace::make(testing::TempDir())};
    Place to;
    std::unique_ptr<Exporter> exporter;
};

TEST_F(ExporterTest, AGrowingFileLeavesBeforeItIsWholeAndHasNoNameUntilItIs) {
    exporter = std::make_unique<Exporter>(to, std::stop_token());
    std::string bytes(static_cast<std::size_t>(3 * kMega), 'b');
    write("out.mp4", bytes);
    ASSERT_TRUE(grown(kMega, 2 * kMega));
    ASSERT_TRUE(grown(2 * kMega, 3 * kMega));
    bytes.replace(0, 5, "front");
    ASSERT_TRUE(ready("out.mp4", bytes + "end", true));
    EXPECT_THAT(keys(), IsEmpty());
    const auto file = publish();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->file.url, to.url);
    EXPECT_TRUE(*storage::get(*to.storage, to.main_key, {}) == bytes + "end");
    EXPECT_EQ(to.storage->head(to.main_key, {})->content_type, "video/mp4");
}

TEST_F(ExporterTest, WhatWasWrittenAgainIsSentAgain) {
    exporter = std::make_unique<Exporter>(to, std::stop_token());
    write("out.mp4", std::string(2 * kMega, 'a'));
    ASSERT_TRUE(grown(kMega, 2 * kMega));
    ASSERT_TRUE(grown(0, 0));
    const std::string bytes(2 * kMega, 'b');
    ASSERT_TRUE(ready("out.mp4", bytes, true));
    ASSERT_TRUE(publish());
    EXPECT_TRUE(*storage::get(*to.storage, to.main_key, {}) == bytes);
}

TEST_F(ExporterTest, GrowthOutOfOrderIsNoHonestChilds) {
    exporter = std::make_unique<Exporter>(to, std::stop_token());
    write("out.mp4", std::string(3 * kMega, 'a'));
    ASSERT_TRUE(grown(kMega, 2 * kMega));
    EXPECT_EQ(grown(kMega, 3 * kMega).error().kind, ErrorKind::kTaskCrashed);
}

TEST_F(ExporterTest, AStreamIsPublishedFromItsSegmentsUp) {
    to.main_key = "a/show.m3u8";
    exporter = std::make_unique<Exporter>(to, std::stop_token());
    ASSERT_TRUE(ready("720p.m3u8", "playlist", false));
    ASSERT_TRUE(ready("manifest.mpd", "manifest", false));
    ASSERT_TRUE(ready("show.m3u8", "master", true));
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(ready(std::to_string(i) + ".m4s", "segment", false));
    const auto file = publish();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->file.parts->count, 11);
    EXPECT_EQ(file->file.parts->size, 9 * 7 + 8 + 8);
    EXPECT_EQ(exporter->parts_folder(), "film-12345678");
    EXPECT_EQ(file->parts.front().name, "film-12345678/720p.m3u8");
    EXPECT_GE(number("a/film-12345678/720p.m3u8"), 10);
    EXPECT_GE(number("a/film-12345678/manifest.mpd"), 10);
    EXPECT_EQ(number("a/show.m3u8"), 12);
}

TEST_F(ExporterTest, AFolderIsSentOnceItIsWhole) {
    to.main_key = to.parts_prefix = "a/thumbs/";
    to.url = "s3://bucket/a/thumbs/";
    exporter = std::make_unique<Exporter>(to, std::stop_token());
    ASSERT_TRUE(ready("thumb-000.jpg", "first", true));
    ASSERT_TRUE(ready("thumb-001.jpg", "second", false));
    EXPECT_THAT(keys(), IsEmpty());
    const auto file = publish();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->file.url, "s3://bucket/a/thumbs/thumb-000.jpg");
    EXPECT_EQ(file->file.parts->count, 2);
    EXPECT_EQ(file->file.parts->size, 5 + 6);
    EXPECT_EQ(file->parts.back().name, "thumb-001.jpg");
    EXPECT_THAT(keys(), ElementsAre("a/thumbs/thumb-000.jpg", "a/thumbs/thumb-001.jpg"));
    EXPECT_GT(number("a/thumbs/thumb-000.jpg"), number("a/thumbs/thumb-001.jpg"));
}

TEST_F(ExporterTest, AnnouncedPlaylistsHoldNoDescriptors) {
    exporter = std::make_unique<Exporter>(to, std::stop_token());
    const auto descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const auto before = descriptors();
    for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(ready(std::to_string(i) + ".m3u8", "playlist", false));
    }
    EXPECT_EQ(descriptors(), before);
}

TEST_F(ExporterTest, WhatIsAbandonedIsTakenBackUnlessItIsSomebodyElses) {
    for (const bool is_ours : {true, false}) {
        to.is_ours = [is_ours] { return is_ours; };
        exporter = std::make_unique<Exporter>(to, std::stop_token());
        write("1.m4s", "segment");
        // Published by now, as far as a part can be: its sender is waited for.
        ASSERT_TRUE(ready("1.m4s", "segment", false));
        while (keys().empty()) std::this_thread::yield();
        exporter.reset();
        if (is_ours) {
            EXPECT_THAT(keys(), IsEmpty());
        } else {
            EXPECT_THAT(keys(), ElementsAre("a/film-12345678/1.m4s"));
        }
    }
}

TEST_F(ExporterTest, PartsStayWhereTheMainFileMayNameThem) {
    auto faulty = std::make_shared<storage::FaultyStorage>(to.storage);
    to.storage = faulty;
    to.is_ours = [] { return true; };
    for (const bool is_there : {true, false}) {
        for (const bool is_stopped : {true, false}) {
            std::stop_source stop;
            exporter = std::make_unique<Exporter>(to, stop.get_token());
            ASSERT_TRUE(ready("1.m4s", "segment", false));
            ASSERT_TRUE(ready("out.mp4", "bytes", true));
            while (keys().empty()) std::this_thread::yield();
            if (is_there) {
                ASSERT_TRUE(storage::put(*to.storage, to.main_key, {}, {}, {}));
            }
            faulty->fail_at(1, [&] {
                if (is_stopped) stop.request_stop();
            });
            EXPECT_FALSE(publish());
            exporter.reset();
            EXPECT_EQ(keys().size(), is_there && is_stopped ? 2U : is_there ? 1U : 0U);
            for (const auto& key : keys()) EXPECT_TRUE(to.storage->remove(key, {}));
        }
    }
}

TEST_F(ExporterTest, AStopEndsThePublishing) {
    std::stop_source stop;
    exporter = std::make_unique<Exporter>(to, stop.get_token());
    ASSERT_TRUE(ready("out.mp4", "bytes", true));
    stop.request_stop();
    EXPECT_EQ(publish().error().kind, ErrorKind::kCancelled);
    exporter.reset();
    EXPECT_THAT(keys(), IsEmpty());
}

}  // namespace
}  // namespace ittybit::work
