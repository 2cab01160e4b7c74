#include "tasks/adaptive_video.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "base/thread_safety.h"
#include "tasks/run_task.h"

namespace ittybit::tasks {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Collected : public Events {
public:
    void progress(const Progress&) override {}
    void file_grown(const FileGrown&) override {}
    void file_ready(const FileReady& file) override {
        const MutexLock lock(mutex_);
        ready.push_back(file);
    }
    std::vector<FileReady> ready;

private:
    Mutex mutex_;
};

struct Shell {
    int status = 0;
    std::string output;
};

Shell shell(const std::string& command) {
    Shell result;
    FILE* pipe = ::popen(("(" + command + ") 2>&1").c_str(), "r");
    std::array<char, 4096> piece{};
    for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
        result.output.append(piece.data(), got);
    result.status = ::pclose(pipe);
    return result;
}

std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// Each test works in a folder of its own, made from clips of libavfilter's sources.
class AdaptiveVideo : public testing::Test {
protected:
    void SetUp() override {
        checker_ = fmt::format(
            "ITTYBIT={} /usr/bin/python3 {}",
            (fs::read_symlink("/proc/self/exe").parent_path() / "ittybit").string(),
            fs::absolute("tests/check_hls.py").string()
        );
        home_ = fs::current_path();
        std::string folder = (fs::temp_directory_path() / "adaptive-XXXXXX").string();
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
        fs::current_path(folder_);
    }
    void TearDown() override {
        fs::current_path(home_);
        fs::remove_all(folder_);
    }

    void make(const std::string& arguments) {
        const auto made = shell("ffmpeg -nostdin -v error -y " + arguments);
        ASSERT_EQ(made.status, 0) << made.output;
    }

    Result<Finished> stream(
        const std::string& input, json::value options = json::object{}, std::string stem = "film"
    ) {
        const Fd file(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
        FileSource source(file.get());
        Assignment assignment;
        assignment.kind = "adaptive_video";
        assignment.options = std::move(options);
        assignment.stem = std::move(stem);
        return run_task(assignment, source, events_);
    }

    /// The independent checker finds no fault, and libav decodes all of it without a word.
    void expect_valid(const std::string& stem = "film") {
        const auto checked = shell(fmt::format("{} {}.m3u8", checker_, stem));
        EXPECT_EQ(checked.status, 0) << checked.output;
        const auto decoded =
            shell(fmt::format("ffmpeg -v error -xerror -i {}.m3u8 -map 0 -f null -", stem));
        EXPECT_EQ(decoded.status, 0);
        EXPECT_EQ(decoded.output, "");
    }

    int frames_of(const std::string& playlist) {
        return std::atoi(shell(
                             "ffprobe -v error -count_frames -select_streams v -show_entries "
                             "stream=nb_read_frames -of csv=p=0 " +
                             playlist
        )
                             .output.c_str());
    }

    Collected events_;
    std::string checker_;  // a command
    fs::path home_;
    fs::path folder_;
};

TEST_F(AdaptiveVideo, MakesALadderWithSoundWhoseMasterComesLast) {
    make(
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=13 -f lavfi -i "
        "aevalsrc='0.3*sin(400*t)|0.3*sin(500*t)':s=48000:d=13 -c:v libx264 -preset ultrafast "
        "-c:a aac -metadata:s:a:0 language=fra in.mp4"
    );
    const auto finished = stream("in.mp4");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid();
    const File& file = finished->file;
    EXPECT_EQ(file.kind, "adaptive_video");
    EXPECT_EQ(file.format, "hls");
    EXPECT_EQ(file.width, 640);
    EXPECT_EQ(file.height, 360);
    EXPECT_NEAR(*file.duration, 13, 0.03);
    EXPECT_EQ(file.renditions->size(), 3U);
    EXPECT_LE(file.renditions->back().bandwidth, 192'000);
    ASSERT_FALSE(events_.ready.empty());
    EXPECT_EQ(file.parts->count, static_cast<int>(events_.ready.size()));
    std::int64_t size = 0;
    for (const auto& ready : events_.ready) {
        EXPECT_EQ(fs::file_size(ready.name), static_cast<std::uintmax_t>(ready.size));
        EXPECT_EQ(ready.is_main, ready.name == "film.m3u8");
        size += ready.size;
    }
    EXPECT_EQ(file.parts->size, size);
    EXPECT_EQ(events_.ready.back().name, "film.m3u8");
    EXPECT_THAT(text_of("film.m3u8"), HasSubstr("LANGUAGE=\"fr\""));
    EXPECT_THAT(text_of("film.m3u8"), HasSubstr("CHANNELS=\"2\""));
    EXPECT_EQ(frames_of("360p.m3u8"), 325);
    EXPECT_EQ(frames_of("240p.m3u8"), 325);
    EXPECT_EQ(frames_of("360p-iframes.m3u8"), 7);
    EXPECT_TRUE(fs::exists("240p-00003.m4s"));
    EXPECT_FALSE(fs::exists("240p-00004.m4s"));
}

TEST_F(AdaptiveVideo, KeepsTheKeyGridAtCutsAndOddRates) {
    // A cut every 0.7 s, at a rate whose frames never fall on whole seconds.
    make(
        "-f lavfi -i \"testsrc2=size=426x240:rate=30000/1001:duration=13,negate=enable="
        "'lt(mod(t,1.4),0.7)'\" -c:v libx264 -preset ultrafast in.mp4"
    );
    const auto finished = stream("in.mp4");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid();
    EXPECT_THAT(
        text_of("240p.m3u8"), AllOf(HasSubstr("#EXTINF:6.006000"), Not(HasSubstr("6.00000")))
    );
    EXPECT_THAT(text_of("film.m3u8"), Not(HasSubstr("AUDIO")));
    EXPECT_EQ(frames_of("240p.m3u8"), 390);
}

TEST_F(AdaptiveVideo, MakesAVariableRateConstantWithTheSoundInTime) {
    make(
        "-f lavfi -i testsrc2=size=320x240:rate=30:duration=8 -f lavfi -i sine=d=8 -vf "
        "\"select='not(eq(mod(n,7),3))+gt(t,5)'\" -fps_mode vfr -c:v libx264 -preset ultrafast "
        "-c:a aac in.mp4"
    );
    const auto finished = stream("in.mp4");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid();
    EXPECT_EQ(frames_of("240p.m3u8"), 240);
}

TEST_F(AdaptiveVideo, CoversTheSameTimeWithPictureAndSound) {
    for (const auto& [picture, sound] : {std::pair{3, 7}, std::pair{7, 3}}) {
        make(fmt::format(
            "-f lavfi -i testsrc2=size=320x240:rate=50:duration={} -f lavfi -i sine=d={} -c:v "
            "libx264 -preset ultrafast -c:a aac in.mp4",
            picture, sound
        ));
        const auto finished = stream("in.mp4");
        ASSERT_TRUE(finished) << finished.error().message;
        expect_valid();
        for (const auto& told : finished->file.streams) EXPECT_NEAR(*told.duration, 7, 0.06);
        EXPECT_NEAR(frames_of("240p.m3u8"), 175, 1) << "25 a second, of 50";
    }
}

TEST_F(AdaptiveVideo, MakesNoSegmentOfASingleFrame) {
    make(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=6.04 -c:v libx264 -preset ultrafast "
        "in.mp4"
    );
    const auto finished = stream("in.mp4");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid();
    EXPECT_THAT(text_of("240p.m3u8"), HasSubstr("#EXTINF:6.040000"));
}

TEST_F(AdaptiveVideo, StaysPortraitWhenTurned) {
    make(
        "-f lavfi -i testsrc2=size=640x360:rate=24:duration=3 -c:v libx264 -preset ultrafast "
        "plain.mp4 && ffmpeg -nostdin -v error -display_rotation 90 -i plain.mp4 -c copy in.mp4 "
        "|| ffmpeg -nostdin -v error -y -i plain.mp4 -c copy -metadata:s:v:0 rotate=90 in.mp4"
    );
    const auto finished = stream("in.mp4");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid();
    EXPECT_EQ(finished->file.width, 360);
    EXPECT_EQ(finished->file.height, 640);
    EXPECT_THAT(
        text_of("film.m3u8"),
        AllOf(HasSubstr("RESOLUTION=360x640"), HasSubstr("RESOLUTION=240x426"))
    );
}

TEST_F(AdaptiveVideo, OfATinySilentPictureHasTwoRates) {
    make(
        "-f lavfi -i testsrc2=size=200x100:rate=10:duration=2 -c:v libx264 -preset ultrafast in.mp4"
    );
    const auto finished = stream("in.mp4");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid();
    EXPECT_EQ(finished->file.renditions->size(), 2U);
    EXPECT_EQ(finished->file.codecs.audio, std::nullopt);
    EXPECT_TRUE(finished->warnings.empty());
}

TEST_F(AdaptiveVideo, OfSoundAloneIsAStreamOfTheSameShape) {
    make("-f lavfi -i sine=d=13 -c:a libmp3lame in.mp3");
    const auto finished = stream("in.mp3", json::object{}, "audio");
    ASSERT_TRUE(finished) << finished.error().message;
    expect_valid("audio");
    EXPECT_EQ(finished->file.width, std::nullopt);
    EXPECT_NEAR(*finished->file.duration, 13, 0.05);
    EXPECT_THAT(text_of("audio.m3u8"), HasSubstr("CODECS=\"mp4a.40.2\"\naudio-main.m3u8\n"));
}

TEST_F(AdaptiveVideo, CutsToStartAndEndAndLeavesSoundOut) {
    make(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=10 -f lavfi -i sine=d=10 -c:v libx264 "
        "-preset ultrafast -c:a aac in.mp4"
    );
    const auto with_sound = stream("in.mp4", {{"start", 1.5}, {"end", 8.7}});
    ASSERT_TRUE(with_sound) << with_sound.error().message;
    expect_valid();
    EXPECT_EQ(frames_of("240p.m3u8"), 180);
    EXPECT_NEAR(*with_sound->file.duration, 7.2, 0.03);
    const auto without = stream("in.mp4", {{"end", 1}, {"no_audio", true}}, "mute");
    ASSERT_TRUE(without) << without.error().message;
    expect_valid("mute");
    EXPECT_THAT(text_of("mute.m3u8"), Not(HasSubstr("mp4a")));
    EXPECT_EQ(stream("in.mp4", {{"start", 11}}).error().kind, ErrorKind::kStartOutOfRange);
}

TEST_F(AdaptiveVideo, RefusesAStillImage) {
    make("-f lavfi -i testsrc2=size=320x240 -frames:v 1 in.png");
    const auto finished = stream("in.png");
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().kind, ErrorKind::kNoVideoStream);
}

TEST_F(AdaptiveVideo, CostsLessWithLessQuality) {
    make(
        "-f lavfi -i testsrc2=size=426x240:rate=25:duration=4,noise=alls=20:allf=t -c:v libx264 "
        "-preset ultrafast in.mp4"
    );
    std::int64_t last = 0;
    for (const char* quality : {"very_low", "low", "medium", "high", "very_high"}) {
        const auto finished = stream("in.mp4", {{"quality", quality}});
        ASSERT_TRUE(finished) << finished.error().message;
        EXPECT_GT(*finished->file.size, last) << quality;
        last = *finished->file.size;
    }
}

}  // namespace
}  // namespace ittybit::tasks
