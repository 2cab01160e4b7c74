#include "work/folder_destination.h"

#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"

namespace ittybit::work {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class FolderDestinationTest : public testing::Test {
protected:
    FolderDestinationTest() {
        fs::create_directories(folder_);
        outcome.finished.file.format = "mp4";
    }
    ~FolderDestinationTest() override { fs::remove_all(folder_); }

    void make(const std::string& name, const std::string& bytes, bool is_main) {
        std::ofstream(outcome.workspace.path() / name) << bytes;
        outcome.files.push_back({.name = name, .size = std::ssize(bytes), .is_main = is_main});
    }
    Target target(std::string extension) const {
        return {.folder = folder_, .stem = "film", .extension = std::move(extension)};
    }
    std::string content(const std::string& name) const {
        std::ifstream file(folder_ / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// What lies there, hidden files too.
    std::vector<std::string> there() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(folder_))
            if (!entry.is_directory()) names.push_back(entry.path().lexically_relative(folder_));
        return names;
    }

    const fs::path folder_ = fs::path(testing::TempDir()) / ("folder-" + random_hex(64));
    Outcome outcome{{}, {}, *sandbox::Workspace::make(testing::TempDir())};
};

TEST_F(FolderDestinationTest, AFileGetsItsNameWithItsFacts) {
    make("out.mp4", "film", true);
    FolderDestination to(target("mp4"), "", {});
    const auto published = to.publish(outcome);
    ASSERT_TRUE(published) << published.error().message;
    EXPECT_EQ(published->file.url, file_url(folder_ / "film.mp4"));
    EXPECT_EQ(published->file.format, "mp4");
    EXPECT_EQ(published->managed, "") << "it lies elsewhere";
    EXPECT_EQ(content("film.mp4"), "film");
    EXPECT_THAT(there(), ElementsAre("film.mp4"));
}

TEST_F(FolderDestinationTest, AStreamFindsItsPartsInTheFolderThatItsPlaylistsName) {
    make("720p.m3u8", "playlist", false);
    make("0.m4s", "segment", false);
    make("out.m3u8", "master", true);
    FolderDestination to(target("m3u8"), "film-1234", {});
    EXPECT_EQ(to.parts_folder(), "film-1234");
    const auto published = to.publish(outcome);
    ASSERT_TRUE(published) << published.error().message;
    EXPECT_EQ(published->file.url, file_url(folder_ / "film.m3u8"));
    EXPECT_THAT(
        there(), UnorderedElementsAre("film.m3u8", "film-1234/720p.m3u8", "film-1234/0.m4s")
    );
}

TEST_F(FolderDestinationTest, NothingHasANameWhereTheWorkMadeNoFile) {
    make("720p.m3u8", "playlist", false);
    FolderDestination to(target("m3u8"), "film-1234", {});
    EXPECT_EQ(to.publish(outcome).error().kind, ErrorKind::kOutputInvalid);
    EXPECT_THAT(there(), ElementsAre());
}

TEST_F(FolderDestinationTest, ACopyTakesTheNextFreeNameAndNoneWhenItIsStopped) {
    std::ofstream(folder_ / "film.mp4") << "theirs";
    make("in.mp4", "ours", true);
    const Fd file(::open((outcome.workspace.path() / "in.mp4").c_str(), O_RDONLY | O_CLOEXEC));
    File facts;
    facts.format = "mp4";
    const auto copied = FolderDestination(target("mp4"), "", {}).copy(facts, file.get(), 4);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(copied->file.url, file_url(folder_ / "film-1.mp4"));
    EXPECT_EQ(content("film-1.mp4"), "ours");
    EXPECT_EQ(content("film.mp4"), "theirs");
    std::stop_source stop;
    stop.request_stop();
    FolderDestination stopped(target("mp4"), "", stop.get_token());
    EXPECT_EQ(stopped.copy(facts, file.get(), 4).error().kind, ErrorKind::kCancelled);
    EXPECT_THAT(there(), UnorderedElementsAre("film.mp4", "film-1.mp4"));
}

}  // namespace
}  // namespace ittybit::work
