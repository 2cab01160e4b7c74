#include "tasks/probe.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/library.h"
#include "model/error_kinds.h"

namespace ittybit::tasks {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Result<File> probe_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(static_cast<bool>(file)) << path;
    FileSource source(file.get());
    return probe(source, {});
}

Result<File> probe_clip(const std::string& name) {
    static const int made = std::system("tests/make_media.sh build/test_media");
    EXPECT_EQ(made, 0) << "the test media could not be made";
    return probe_file("build/test_media/" + name);
}

class ProbeTest : public testing::Test {
protected:
    static void SetUpTestSuite() { ASSERT_TRUE(image::init()); }
};

TEST_F(ProbeTest, ReadsSoundVideoAndPicturesAlike) {
    struct Row {
        const char* name;
        const char* kind;
        const char* format;
        int width;
    };
    constexpr std::array kRows = {
        Row{"flash-small.mp4", "video", "mp4", 320},
        Row{"tone.mp3", "audio", "mp3", 0},
        Row{"photo.jpg", "image", "jpeg", 800},
        Row{"corner.png", "image", "png", 320},
        Row{"corner.heic", "image", "heic", 320},
        Row{"corner.bmp", "image", "bmp", 320},
        Row{"animated.gif", "animation", "gif", 160},
        Row{"animated.webp", "animation", "webp", 160},
        Row{"animated.apng", "animation", "apng", 160},
    };
    for (const Row& row : kRows) {
        const auto file = probe_clip(row.name);
        ASSERT_TRUE(file) << row.name << ": " << file.error().message;
        EXPECT_EQ(file->kind, row.kind) << row.name;
        EXPECT_EQ(file->format, row.format) << row.name;
        EXPECT_EQ(file->width.value_or(0), row.width) << row.name;
        EXPECT_EQ(
            file->size,
            static_cast<std::int64_t>(fs::file_size("build/test_media/" + std::string(row.name)))
        ) << row.name;
    }
}

TEST_F(ProbeTest, BelievesTheBytesAndNotTheName) {
    for (const char* name :
         {"playlist.mp4", "concat.mp4", "concat.jpg", "svg.jpg", "pdf.jpg", "text.mp4", "page.mp4",
          "empty.mp4", "garbage.mp4", "garbage.jpg"}) {
        const auto file = probe_clip(name);
        ASSERT_FALSE(file) << name;
        EXPECT_EQ(file.error().kind, ErrorKind::kUnsupportedMedia) << name;
        EXPECT_THAT(file.error().message, testing::AnyOf(HasSubstr("upload"), HasSubstr("check")))
            << name;
    }
}

fs::path wide_corpus() {
    if (const char* named = std::getenv("ITTYBIT_MEDIA")) return named;
    return "../shared/media";
}

/// What a probe in a process of its own came to: the kind of error, "" for facts, or how it died.
std::string outcome_of(const std::string& path) {
    std::array<int, 2> ends = {};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        const auto file = probe_file(path);
        const std::string_view kind = file ? "" : name_of(file.error().kind);
        const auto written = ::write(ends[1], kind.data(), kind.size());
        ::_exit(written < 0 ? 1 : 0);
    }
    ::close(ends[1]);
    const Fd reading(ends[0]);
    std::array<char, 100> text = {};
    const auto length = ::read(reading.get(), text.data(), text.size());
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return "died of signal " + std::to_string(WTERMSIG(status));
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

/// Forks: by its name it runs before all others, while the libraries have no threads yet.
using ProbeDeathTest = ProbeTest;

TEST_F(ProbeDeathTest, GivesFactsOrAnErrorThatWeNameForEveryFileThereIs) {
    if (!fs::exists(wide_corpus())) {
        std::cerr << "SKIPPED: no wide corpus at " << wide_corpus() << " (set ITTYBIT_MEDIA)\n";
        GTEST_SKIP();
    }
    const std::set<std::string> expected = {
        "", "unsupported_media", "corrupt_media", "limit_exceeded"
    };
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(wide_corpus())) {
        if (!entry.is_regular_file()) continue;
        const std::string outcome = outcome_of(entry.path().string());
        EXPECT_TRUE(expected.contains(outcome)) << entry.path() << ": " << outcome;
        ++files;
    }
    EXPECT_GT(files, 100);
}

}  // namespace
}  // namespace ittybit::tasks
