#include "tasks/video.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread_safety.h"
#include "media/decoder.h"
#include "media/stream.h"
#include "media/testing.h"
#include "media/verify.h"
#include "tasks/audio.h"
#include "tasks/run_task.h"

/// Whole tasks on short made clips: what comes out is decoded, and looked at in pixels, timestamps
/// and samples.
namespace ittybit::tasks {
namespace {

namespace fs = std::filesystem;
using media::Collector;
using media::Frame;

class CollectedEvents : public Events {
public:
    void progress(const Progress& progress) override {
        const MutexLock lock(mutex_);
        progresses.push_back(progress);
    }
    void file_grown(const FileGrown&) override {}
    void file_ready(const FileReady& ready) override {
        const MutexLock lock(mutex_);
        files.push_back(ready);
    }
    std::vector<Progress> progresses;
    std::vector<FileReady> files;

private:
    Mutex mutex_;
};

class WholeTask : public testing::Test {
protected:
    void SetUp() override {
        home_ = fs::current_path();
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = home_ / "build/test_media/tasks" / info->name();
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::current_path(home_); }

    template <typename Options>
    Result<Finished> result_of(
        const std::string& name, const Options& options, Limits limits = {}
    ) {
        media::OpenFile file(fs::absolute(media::clip(name)));
        fs::current_path(folder_);
        Assignment assignment;
        assignment.limits = limits;
        Job job{assignment, file.source, events};
        auto result = run(options, job);
        fs::current_path(home_);
        return result;
    }

    /// Runs a task that must succeed; the path of what it made.
    template <typename Options>
    std::string made(const std::string& name, const Options& options) {
        auto result = result_of(name, options);
        EXPECT_TRUE(static_cast<bool>(result)) << (result ? "" : result.error().message);
        if (!result) return "";
        finished = *std::move(result);
        return folder_ / ("output." + finished.file.format);
    }

    CollectedEvents events;
    Finished finished;

private:
    fs::path home_;
    fs::path folder_;
};

/// Every frame of the only stream of a type, with times in seconds.
struct Decoded {
    std::vector<Frame> frames;
    AVRational time_base{0, 1};
    double at(std::size_t index) const {
        return static_cast<double>(frames[index]->pts) * av_q2d(time_base);
    }
};

Decoded decoded(const std::string& path, AVMediaType type) {
    Decoded out;
    auto opened = media::open_path(path);
    if (!opened) {
        ADD_FAILURE() << opened.error().message;
        return out;
    }
    media::Input& input = *opened->input;
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type != type) continue;
        Collector<Frame> collector;
        auto decoder = media::Decoder::open(input, stream->index, {}, collector);
        std::vector<media::Sink<media::Packet>*> sinks(input.streams().size());
        sinks[static_cast<std::size_t>(stream->index)] = decoder->get();
        const auto pumped = media::pump(input, std::span<media::Sink<media::Packet>* const>(sinks));
        EXPECT_TRUE(static_cast<bool>(pumped));
        out.frames = std::move(collector.items);
        out.time_base = stream->time_base;
        return out;
    }
    return out;
}

std::int64_t samples_in(const Decoded& sound) {
    std::int64_t count = 0;
    for (const auto& frame : sound.frames) count += frame->nb_samples;
    return count;
}

/// When white flashes begin, by the brightness of the middle of the picture.
std::vector<double> flashes(const Decoded& video) {
    std::vector<double> found;
    bool was_white = false;
    for (std::size_t i = 0; i < video.frames.size(); ++i) {
        const AVFrame& frame = *video.frames[i];
        bool is_white = true;
        for (const int part : {1, 2, 3}) {
            is_white = is_white &&
                       media::luma_at(frame, frame.width * part / 4, frame.height * part / 4) > 225;
        }
        if (is_white && !was_white) found.push_back(video.at(i));
        was_white = is_white;
    }
    return found;
}

/// When beeps begin, in seconds; sound is decoded to planar floats.
std::vector<double> beeps(const Decoded& sound) {
    std::vector<double> found;
    double quiet_since = -1;
    for (std::size_t i = 0; i < sound.frames.size(); ++i) {
        const AVFrame& frame = *sound.frames[i];
        const auto* samples = reinterpret_cast<const float*>(frame.data[0]);
        for (int s = 0; s < frame.nb_samples; ++s) {
            if (std::abs(samples[s]) < 0.2F) continue;
            const double at = sound.at(i) + static_cast<double>(s) / frame.sample_rate;
            if (at - quiet_since > 0.3) found.push_back(at);
            quiet_since = at;
        }
    }
    return found;
}

TEST_F(WholeTask, CopiesAWebReadyClipWithoutDecodingIt) {
    const auto path = made("flash-small.mp4", VideoOptions{});
    EXPECT_EQ(decoded(path, AVMEDIA_TYPE_VIDEO).frames.size(), 150U);
    ASSERT_EQ(events.files.size(), 1U);
    EXPECT_EQ(events.files[0].name, "output.mp4");
    EXPECT_EQ(events.files[0].size, static_cast<std::int64_t>(fs::file_size(path)));
}

TEST_F(WholeTask, MakesTheExactSizeAndKeepsEveryFrame) {
    VideoOptions options;
    options.width = Length{200, false};
    options.height = Length{201, false};
    const auto video = decoded(made("flash-small.mp4", options), AVMEDIA_TYPE_VIDEO);
    ASSERT_EQ(video.frames.size(), 150U);
    EXPECT_EQ(video.frames[0]->width, 200);
    EXPECT_EQ(video.frames[0]->height, 200);
    EXPECT_EQ(video.frames[0]->sample_aspect_ratio.num, video.frames[0]->sample_aspect_ratio.den);
    EXPECT_LT(media::luma_at(*video.frames[0], 100, 4), 20);  // padded with black
    EXPECT_NEAR(video.at(149), 149 / 30.0, 0.001);
}

TEST_F(WholeTask, TurnsPicturesUpright) {
    VideoOptions options;
    options.quality = Quality::kHigh;
    const auto upright = decoded(made("corner.mp4", options), AVMEDIA_TYPE_VIDEO);
    for (const char* name :
         {"corner-stored-90.mp4", "corner-stored-180.mp4", "corner-stored-270.mp4"}) {
        const auto turned = decoded(made(name, options), AVMEDIA_TYPE_VIDEO);
        ASSERT_FALSE(turned.frames.empty());
        ASSERT_EQ(turned.frames[0]->width, 320) << name;
        for (const auto& [x, y] : {std::pair{20, 20}, {300, 20}, {20, 220}, {300, 220}}) {
            EXPECT_NEAR(
                media::luma_at(*turned.frames[0], x, y), media::luma_at(*upright.frames[0], x, y), 6
            ) << name
              << " at " << x << "," << y;
        }
    }
}

TEST_F(WholeTask, CutsVideoToTheFrame) {
    VideoOptions options;
    options.start = 1.5;
    options.end = 3.0;
    const auto path = made("flash-small.mp4", options);
    const auto video = decoded(path, AVMEDIA_TYPE_VIDEO);
    EXPECT_EQ(video.frames.size(), 45U);
    EXPECT_THAT(flashes(video), testing::ElementsAre(testing::DoubleNear(0.5, 0.001)));
    EXPECT_THAT(
        beeps(decoded(path, AVMEDIA_TYPE_AUDIO)),
        testing::ElementsAre(testing::DoubleNear(0.5, 0.03))
    );
}

TEST_F(WholeTask, KeepsPictureAndSoundTogetherWhenTheFrameRateVaries) {
    for (const char* name : {"vfr.mp4", "vfr.mkv"}) {
        VideoOptions options;
        options.height = Length{90, false};
        const auto path = made(name, options);
        const auto seen = flashes(decoded(path, AVMEDIA_TYPE_VIDEO));
        const auto heard = beeps(decoded(path, AVMEDIA_TYPE_AUDIO));
        ASSERT_EQ(seen.size(), 6U) << name;
        ASSERT_EQ(heard.size(), 6U) << name;
        for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(seen[i], heard[i], 1 / 30.0) << name;
    }
}

TEST_F(WholeTask, TellsTheLoudnessBeforeAndAfter) {
    VideoOptions options;
    options.width = Length{.value = 160};
    options.normalize = Normalize::kLufs;
    options.target_lufs = -30;
    made("flash-small.mp4", options);
    ASSERT_TRUE(finished.file.loudness);
    const LoudnessFacts& told = *finished.file.loudness;
    EXPECT_NEAR(*told.output_lufs, -30, 0.1);
    EXPECT_NEAR(*told.input_lufs + told.gain_db, -30, 0.02);
    EXPECT_NEAR(*told.input_dbtp + told.gain_db, *told.output_dbtp, 0.1);
    EXPECT_FALSE(told.is_limited);
    const auto percent = [](const Progress& progress) { return progress.percent.value_or(0); };
    EXPECT_TRUE(std::ranges::is_sorted(events.progresses, {}, percent));
}

TEST_F(WholeTask, PadsSoundThatStartsLate) {
    VideoOptions options;
    options.height = Length{90, false};
    const auto heard = beeps(decoded(made("late-audio.mp4", options), AVMEDIA_TYPE_AUDIO));
    ASSERT_FALSE(heard.empty());
    EXPECT_NEAR(heard[0], 0.5, 0.03);
}

TEST_F(WholeTask, StopsAfterSoManyFramesAndCutsTheSoundThere) {
    VideoOptions options;
    options.frames = 45;
    const auto path = made("flash-small.mp4", options);
    EXPECT_EQ(decoded(path, AVMEDIA_TYPE_VIDEO).frames.size(), 45U);
    const auto opened = media::open_path(path);
    for (const AVStream* stream : opened->input->streams())
        EXPECT_NEAR(static_cast<double>(stream->duration) * av_q2d(stream->time_base), 1.5, 1e-6);
    // libav does not cut the last AAC frame where the edit list ends.
    const auto samples = samples_in(decoded(path, AVMEDIA_TYPE_AUDIO));
    EXPECT_GE(samples, 72000);
    EXPECT_LT(samples, 72000 + 1024);
}

TEST_F(WholeTask, MissesNothingBehindTheLastOfSoManyFrames) {
    VideoOptions options;
    options.frames = 45;
    const auto result = result_of("flash-small.mp4", options);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_THAT(result->warnings, testing::IsEmpty());
    EXPECT_THAT(result->file.warnings, testing::IsEmpty());
}

TEST_F(WholeTask, MakesTheRateConstant) {
    VideoOptions options;
    options.fps = 12;
    const auto video = decoded(made("vfr.mp4", options), AVMEDIA_TYPE_VIDEO);
    ASSERT_EQ(video.frames.size(), 72U);
    for (std::size_t i = 0; i < 72; ++i)
        EXPECT_NEAR(video.at(i), static_cast<double>(i) / 12, 0.001);
}

TEST_F(WholeTask, PinsTheSizeWhenThePictureChangesMidStream) {
    const auto video = decoded(made("size-changes.ts", VideoOptions{}), AVMEDIA_TYPE_VIDEO);
    ASSERT_GT(video.frames.size(), 90U);
    for (const auto& frame : video.frames) {
        ASSERT_EQ(frame->width, 320);
        ASSERT_EQ(frame->height, 240);
    }
}

TEST_F(WholeTask, CutsSoundToTheSample) {
    AudioOptions options;
    options.start = 1.0001;
    options.end = 2.5;
    for (const auto format : {AudioFormat::kWav, AudioFormat::kFlac}) {
        options.format = format;
        const auto sound = decoded(made("tone.flac", options), AVMEDIA_TYPE_AUDIO);
        EXPECT_EQ(samples_in(sound), std::llround(1.4999 * 48000));
    }
}

TEST_F(WholeTask, PutsTheIndexInFrontAlsoWhenTheReserveIsTooSmall) {
    OutputFile file{
        .name = "x.mp4", .muxer = "mp4", .options = {}, .moov_size = 64, .metadata = {}
    };
    const fs::path path = fs::temp_directory_path() / "ittybit-small-reserve.mp4";
    file.name = path;
    auto opened = media::open_clip("no-audio.mp4");
    auto output = media::Output::create(file, {});
    ASSERT_TRUE(static_cast<bool>(output));
    auto& track = (*output)->add_track();
    const AVStream& stream = opened->stream(0);
    ASSERT_TRUE(static_cast<bool>(track.describe(*stream.codecpar, stream.time_base)));
    while (true) {
        auto packet = opened->read();
        ASSERT_TRUE(static_cast<bool>(packet));
        if (*packet == nullptr) break;
        (*packet)->time_base = stream.time_base;
        ASSERT_TRUE(static_cast<bool>(track.push(*std::move(packet))));
    }
    ASSERT_TRUE(static_cast<bool>(track.finish()));
    const auto verified = media::verify(file, (*output)->tracks(), {});
    EXPECT_TRUE(static_cast<bool>(verified)) << (verified ? "" : verified.error().message);
    EXPECT_EQ(decoded(path, AVMEDIA_TYPE_VIDEO).frames.size(), 90U);
    fs::remove(path);
}

TEST_F(WholeTask, SaysWhatIsMissing) {
    EXPECT_EQ(result_of("tone.mp3", VideoOptions{}).error().kind, ErrorKind::kNoVideoStream);
    EXPECT_EQ(result_of("corner.png", VideoOptions{}).error().kind, ErrorKind::kNoVideoStream);
    EXPECT_EQ(result_of("no-audio.mp4", AudioOptions{}).error().kind, ErrorKind::kNoAudioStream);
    VideoOptions late;
    late.start = 60;
    EXPECT_EQ(result_of("flash-small.mp4", late).error().kind, ErrorKind::kStartOutOfRange);
}

TEST_F(WholeTask, NamesTheLimitItRanInto) {
    VideoOptions options;
    options.quality = Quality::kHigh;
    const auto result = result_of("flash-small.mp4", options, {.output_bytes = 20'000});
    ASSERT_FALSE(static_cast<bool>(result));
    EXPECT_EQ(result.error().kind, ErrorKind::kLimitExceeded);
    EXPECT_EQ(result.error().limit->name, "output_bytes");
    const auto frames = result_of("flash-small.mp4", options, {.frames = 10});
    ASSERT_FALSE(static_cast<bool>(frames));
    EXPECT_EQ(frames.error().limit->name, "frames");
}

}  // namespace
}  // namespace ittybit::tasks
