#include "media/decoder.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>

#include "media/compat.h"
#include "media/frames.h"
#include "media/stream.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

/// All frames of one stream, and how the run ended.
struct Decoded {
    Collector<Frame> frames;
    Result<> result;
    std::int64_t damaged = 0;
    AVRational time_base = {0, 1};
};

std::unique_ptr<Decoded> decode(Input& input, int stream, const DecoderOptions& options = {}) {
    auto decoded = std::make_unique<Decoded>();
    auto decoder = Decoder::open(input, stream, options, decoded->frames);
    if (!decoder) {
        decoded->result = decoder.error();
        return decoded;
    }
    std::vector<Sink<Packet>*> sinks(input.streams().size());
    sinks[static_cast<std::size_t>(stream)] = decoder->get();
    decoded->result = pump(input, std::span<Sink<Packet>* const>(sinks));
    decoded->damaged = (*decoder)->damaged();
    decoded->time_base = (*decoder)->time_base();
    return decoded;
}

std::unique_ptr<Decoded> decode_video(const std::string& name) {
    const auto input = open_clip(name);
    return decode(*input, *find_video(*input));
}

double seconds_of_sound(const std::string& name) {
    const auto input = open_clip(name);
    const auto decoded = decode(*input, *choose_audio(*input)->stream);
    EXPECT_TRUE(decoded->result);
    double seconds = 0;
    for (const Frame& frame : decoded->frames.items)
        seconds += static_cast<double>(frame->nb_samples) / frame->sample_rate;
    return seconds;
}

TEST(Decoder, GivesEveryFrameWithTimesThatGrow) {
    for (const char* name :
         {"flash-small.mp4", "flash-small.mkv", "flash-small.webm", "flash-small.avi",
          "flash-small.ts", "vfr.mp4", "size-changes.ts"}) {
        const auto decoded = decode_video(name);
        ASSERT_TRUE(decoded->result) << name << ": " << decoded->result.error().message;
        EXPECT_TRUE(decoded->frames.is_finished);
        EXPECT_EQ(decoded->damaged, 0) << name;
        std::int64_t last = kNoTime;
        for (const Frame& frame : decoded->frames.items) {
            EXPECT_GT(frame->pts, last) << name;
            last = frame->pts;
        }
    }
    EXPECT_EQ(decode_video("flash-small.mp4")->frames.items.size(), 150U);
    EXPECT_EQ(decode_video("flash-small.avi")->frames.items.size(), 125U);
}

TEST(Decoder, GivesTheSameFramesWithManyThreads) {
    const auto input = open_clip("flash-small.mp4");
    const auto decoded = decode(*input, *find_video(*input), {.threads = 4});
    EXPECT_EQ(decoded->frames.items.size(), 150U);
}

TEST(Decoder, LeavesOutWhatEncodersPutBeforeTheSound) {
    EXPECT_NEAR(seconds_of_sound("tone.opus"), 5, 1.0 / 48000);
    EXPECT_NEAR(seconds_of_sound("tone.mp3"), 5, 1.0 / 48000);
    EXPECT_NEAR(seconds_of_sound("tone.flac"), 5, 1.0 / 48000);
    EXPECT_NEAR(seconds_of_sound("tone.m4a"), 5, 1024.0 / 48000);
}

TEST(Decoder, LeavesOutWhatAnEditListCutsAway) {
    const auto input = open_clip("edit-list.mp4");
    const auto decoded = decode(*input, *find_video(*input));
    ASSERT_TRUE(decoded->result);
    const Frame& first = decoded->frames.items.front();
    EXPECT_GE(input->seconds(first->pts, decoded->time_base), -1e-3);
    // The clip is white for 0.1 s from each whole second on, and the cut was at 1.3 s.
    std::vector<double> flashes;
    for (const Frame& frame : decoded->frames.items)
        if (luma_at(*frame, 4, 4) > 225 && luma_at(*frame, 600, 700) > 225)
            flashes.push_back(input->seconds(frame->pts, decoded->time_base));
    ASSERT_FALSE(flashes.empty());
    EXPECT_NEAR(flashes.front(), 0.7, 0.045);
}

TEST(Decoder, SkipsDamageAndGoesOn) {
    const auto input = open_clip("truncated.mp4");
    const auto decoded = decode(*input, *find_video(*input));
    EXPECT_TRUE(decoded->result);
    EXPECT_FALSE(decoded->frames.items.empty());
}

TEST(Decoder, FailsWhenNothingDecodes) {
    const auto input = open_clip("flash-small.mp4");
    Collector<Frame> frames;
    const auto decoder = *Decoder::open(*input, *find_video(*input), {}, frames);
    for (int i = 0; i < 3; ++i) {
        Packet noise = make_packet();
        ASSERT_EQ(av_new_packet(noise.get(), 500), 0);
        std::fill_n(noise->data, 500, std::uint8_t{0x5A});
        ASSERT_TRUE(decoder->push(std::move(noise)));
    }
    const auto result = decoder->finish();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kCorruptMedia);
    EXPECT_FALSE(frames.is_finished);
}

TEST(Decoder, KeepsTheTransparencyOfWebm) {
    const auto decoded = decode_video("alpha.webm");
    ASSERT_TRUE(decoded->result);
    const auto format = static_cast<AVPixelFormat>(decoded->frames.items.front()->format);
    EXPECT_NE(av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_ALPHA, 0U);
}

TEST(Decoder, FlagsInterlacedFrames) {
    EXPECT_TRUE(is_interlaced(*decode_video("interlaced.mpg")->frames.items.front()));
    EXPECT_TRUE(is_interlaced(*decode_video("interlaced.mp4")->frames.items.front()));
    EXPECT_FALSE(is_interlaced(*decode_video("flash-small.mp4")->frames.items.front()));
}

TEST(Decoder, FollowsAPictureThatChangesItsSize) {
    std::set<std::pair<int, int>> sizes;
    const auto decoded = decode_video("size-changes.ts");
    for (const Frame& frame : decoded->frames.items) sizes.emplace(frame->width, frame->height);
    EXPECT_EQ(sizes, (std::set<std::pair<int, int>>{{320, 240}, {480, 270}}));
}

double time_of(const OpenInput& input, const Frame& frame) {
    return input->seconds(frame->pts, input->stream(*find_video(*input)).time_base);
}

TEST(FrameAt, GivesTheFrameThatIsOnScreen) {
    for (const char* name :
         {"flash-small.mp4", "flash-small.mkv", "flash-small.webm", "flash-small.ts",
          "flash-small.avi", "sparse-keys.mp4"}) {
        const auto input = open_clip(name);
        const double period = 1 / av_q2d(frame_rate_of(*input, input->stream(0)));
        for (const double time : {0.04, 0.5, 2.21, 3.05, 4.9}) {
            const auto frame = frame_at(*input, *find_video(*input), time);
            ASSERT_TRUE(frame) << name << ": " << frame.error().message;
            EXPECT_LE(time_of(input, *frame), time + 1e-6) << name;
            EXPECT_GT(time_of(input, *frame), time - period - 2e-3) << name << " at " << time;
        }
    }
}

TEST(FrameAt, IsExactAtTheVeryTimeOfAFrame) {
    const auto input = open_clip("flash-small.mp4");
    const int video = *find_video(*input);
    // White from each whole second on for 0.1 s: the frame at 2 is, the one before is not.
    const auto white = frame_at(*input, video, 2.0);
    const auto dark = frame_at(*input, video, 1.999);
    ASSERT_TRUE(white && dark);
    EXPECT_GT(luma_at(**white, 300, 4), 225);
    EXPECT_NEAR(time_of(input, *white), 2.0, 1e-3);
    EXPECT_NEAR(time_of(input, *dark), 2.0 - 1.0 / 30, 1e-3);
}

TEST(FrameAt, GivesTheFirstFrameWhereSoundBeginsBeforeThePicture) {
    const auto input = open_clip("flash-small.ts");
    const auto frame = frame_at(*input, *find_video(*input), 0);
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_NEAR(time_of(input, *frame), 0, 0.05);
}

TEST(FrameAt, RefusesATimeBehindTheEnd) {
    const auto input = open_clip("flash-small.mp4");
    const auto frame = frame_at(*input, *find_video(*input), 99);
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().kind, ErrorKind::kStartOutOfRange);
}

TEST(FirstPicture, ReadsStillsThatLibavKnows) {
    OpenFile file(clip("corner.bmp"));
    const auto frame = first_picture(file.source, *sniff(file.source), {});
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ((*frame)->width, 320);
    EXPECT_EQ((*frame)->height, 240);
}

}  // namespace
}  // namespace ittybit::media
