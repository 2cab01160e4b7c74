#include "work/target.h"

#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/ids.h"
#include "work/publish.h"
#include "work/write_through.h"

namespace ittybit::work {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TargetTest : public testing::Test {
protected:
    TargetTest() { fs::create_directories(folder_); }
    ~TargetTest() override { fs::remove_all(folder_); }

    Result<Target> choose(const std::string& output, std::string_view kind = "video") {
        return choose_target({kind, output, "http://x/a/clip.one.mov?k=1", "mp4"});
    }
    std::string at(const std::string& name) const { return (folder_ / name).string(); }
    std::string error_of(const std::string& output, std::string_view kind = "video") {
        const auto target = choose(output, kind);
        return target ? "chosen"
                      : std::string(name_of(target.error().kind)) + ": " + target.error().message;
    }
    static std::string content(const fs::path& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// Publishes a copy of "made" there.
    static Result<fs::path> publish_there(const Target& target, std::stop_token stop = {}) {
        const auto source = fs::path(testing::TempDir()) / random_hex(64);
        std::ofstream(source) << "made";
        const int file = ::open(source.c_str(), O_RDONLY | O_CLOEXEC);
        auto path = publish_copy(file, target, stop);
        ::close(file);
        fs::remove(source);
        return path;
    }

    const fs::path folder_ = fs::path(testing::TempDir()) / ("target-" + random_hex(64));
};

TEST_F(TargetTest, MissingFoldersAreMade) {
    const auto file = choose(at("a/b/o.mp4"));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(fs::is_directory(folder_ / "a" / "b"));
    EXPECT_TRUE(file->may_replace);
    const auto folder = choose(at("c/d/"));
    ASSERT_TRUE(folder) << folder.error().message;
    EXPECT_TRUE(fs::is_directory(folder_ / "c" / "d"));
    EXPECT_EQ(folder->stem + "." + folder->extension, "clip.one.mp4");
    EXPECT_FALSE(folder->may_replace);
}

TEST_F(TargetTest, AStreamsFolderIsMadeWithTheStream) {
    const auto target = choose(at("new/show/"), "adaptive_video");
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->folder, folder_ / "new");
    EXPECT_EQ(target->stem, "show");
    EXPECT_TRUE(target->has_own_folder);
    const auto named = choose(at("stream/master.m3u8"), "adaptive_video");
    ASSERT_TRUE(named) << named.error().message;
    EXPECT_FALSE(named->has_own_folder);
    EXPECT_TRUE(fs::is_directory(folder_ / "stream"));
}

TEST_F(TargetTest, AFolderOfPicturesIsTheOneNamedOrOneInIt) {
    const auto pictures = [&](const std::string& output) {
        return choose_target({
            .kind = "image",
            .output = output,
            .input = "clip.mov",
            .extension = "jpg",
            .is_folder = true,
        });
    };
    for (const char* name : {"new/thumbs", "new/thumbs/"}) {
        const auto target = pictures(at(name));
        ASSERT_TRUE(target) << target.error().message;
        EXPECT_EQ(target->folder / target->stem, folder_ / "new" / "thumbs");
        EXPECT_TRUE(target->is_folder);
    }
    const auto inside = pictures(at(""));
    ASSERT_TRUE(inside) << inside.error().message;
    EXPECT_EQ(inside->folder / inside->stem, folder_ / "clip");
    std::ofstream(at("file")) << "taken";
    EXPECT_FALSE(pictures(at("file")));
    EXPECT_FALSE(pictures("-"));
}

TEST_F(TargetTest, PlaceholdersAreFilledIn) {
    const auto target = choose(at("{kind}/{filename}-small.{format}"));
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->folder, folder_ / "video");
    EXPECT_EQ(target->stem, "clip.one-small");
    EXPECT_EQ(target->extension, "mp4");
    const auto unknown = choose_target({"image", at("o.{format}"), "a.png", ""});
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("{format} is not known"));
}

TEST_F(TargetTest, WhatCannotBeWrittenIsSaidAtOnce) {
    std::ofstream(at("file")) << "x";
    EXPECT_THAT(error_of(at("file/o.mp4")), HasSubstr("invalid_output: the folder"));
    EXPECT_THAT(error_of(at(std::string(252, 'n') + ".mp4")), HasSubstr("longer than 255"));
    fs::create_symlink(at("loop"), at("loop"));
    EXPECT_THAT(error_of(at("loop")), HasSubstr("without an end"));
    if (::geteuid() == 0) return;  // whom nothing is forbidden
    fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_THAT(error_of(at("o.mp4")), HasSubstr("you may not write in the folder"));
    fs::permissions(folder_, fs::perms::owner_all);
}

TEST_F(TargetTest, ASymbolicLinkStaysAndWhatItLeadsToIsReplaced) {
    fs::create_directory(at("real"));
    std::ofstream(at("real/v1.mp4")) << "old";
    fs::create_symlink("real/v1.mp4", at("latest.mp4"));
    fs::create_symlink("latest.mp4", at("chain.mp4"));
    fs::create_symlink("real/v2.mp4", at("dangling.mp4"));
    for (const auto* name : {"chain.mp4", "dangling.mp4"}) {
        const auto target = choose(at(name));
        ASSERT_TRUE(target) << target.error().message;
        EXPECT_TRUE(publish_there(*target));
        EXPECT_TRUE(fs::is_symlink(at(name)));
        EXPECT_EQ(content(at(name)), "made");
    }
    EXPECT_TRUE(fs::is_symlink(at("latest.mp4")));
    EXPECT_EQ(content(at("real/v1.mp4")), "made");
}

TEST_F(TargetTest, AFifoIsWrittenThroughOnceItHasAReader) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    const auto target = choose(at("pipe"));
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->stream, at("pipe"));
    std::string read;
    std::jthread reader([&] { read = content(at("pipe")); });
    const auto path = publish_there(*target);
    reader.join();
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(read, "made");
    EXPECT_TRUE(fs::is_fifo(at("pipe")));
}

TEST_F(TargetTest, WhoWaitsForAReaderCanBeInterrupted) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    std::stop_source stop;
    stop.request_stop();
    const auto path = publish_there(*choose(at("pipe")), stop.get_token());
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().kind, ErrorKind::kCancelled);
}

TEST_F(TargetTest, ADeviceStaysADevice) {
    // Of our own, the null device's numbers: nobody else writes to it.
    if (::mknod(at("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) {
        GTEST_SKIP() << "making a device takes root";
    }
    const auto target = choose(at("null"));
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_TRUE(publish_there(*target));
    EXPECT_TRUE(fs::is_character_file(at("null")));
}

TEST_F(TargetTest, AStreamOfManyFilesGoesIntoNoPipe) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    EXPECT_THAT(error_of(at("pipe"), "adaptive_video"), HasSubstr("takes one file"));
    EXPECT_THAT(error_of("-", "adaptive_video"), HasSubstr("standard output takes one file"));
}

TEST_F(TargetTest, ANameThatBecameSomethingElseMeanwhileIsLeftAlone) {
    const auto target = choose(at("o.mp4"));
    ASSERT_EQ(::mkfifo(at("o.mp4").c_str(), 0600), 0);
    const auto path = publish_there(*target);
    ASSERT_FALSE(path);
    EXPECT_THAT(path.error().message, HasSubstr("no regular file any more"));
    EXPECT_TRUE(fs::is_fifo(at("o.mp4")));
}

TEST(FileUrl, SurvivesEveryByte) {
    const std::string path = "/tmp/a b%/ü'\"?#.mp4";
    EXPECT_THAT(file_url(path), HasSubstr("file:///tmp/a%20b%25/"));
    EXPECT_EQ(path_of(file_url(path)), path);
}

}  // namespace
}  // namespace ittybit::work
