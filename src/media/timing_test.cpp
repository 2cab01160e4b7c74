#include "media/timing.h"

#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "media/compat.h"
#include "media/limiter.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

Frame picture_at(double seconds, double length) {
    Frame frame = make_frame();
    frame->format = AV_PIX_FMT_GRAY8;
    frame->width = frame->height = 2;
    frame->pts = std::llround(seconds * 1000);
    set_duration(*frame, std::llround(length * 1000));
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    return frame;
}

PictureWindow::Settings window(bool tells_lengths, Cut cut = {}) {
    return {
        .source = {{1, 1000}, 0, tells_lengths},
        .cut = cut,
        .clock = {.ticks = 1000, .fps = {}},
        .most_frames = {},
        .limits = {},
    };
}

double length_of_last(const Collector<Frame>& shown) {
    return static_cast<double>(duration_of(*shown.items.back())) / 1000;
}

TEST(PictureWindow, BelievesAContainerThatTellsLengths) {
    Collector<Frame> shown;
    PictureWindow pictures(window(true), shown);
    ASSERT_TRUE(pictures.push(picture_at(0, 3)));
    ASSERT_TRUE(pictures.push(picture_at(3, 0.1)));
    ASSERT_TRUE(pictures.finish());
    EXPECT_DOUBLE_EQ(length_of_last(shown), 0.1);
}

TEST(PictureWindow, HoldsALastPictureThatOneWithoutLengthsMakesFarTooShort) {
    Collector<Frame> shown;
    PictureWindow pictures(window(false), shown);
    ASSERT_TRUE(pictures.push(picture_at(0, 3)));
    ASSERT_TRUE(pictures.push(picture_at(3, 0.1)));
    ASSERT_TRUE(pictures.finish());
    EXPECT_DOUBLE_EQ(length_of_last(shown), 3);
}

TEST(PictureWindow, ShowsThePictureBeforeOneBehindTheEndUntilThere) {
    Collector<Frame> shown;
    PictureWindow pictures(window(true, {.start = 0, .end = 30}), shown);
    ASSERT_TRUE(pictures.push(picture_at(20, 0.04)));
    ASSERT_TRUE(pictures.push(picture_at(35, 0.04)));
    ASSERT_TRUE(pictures.finish());
    EXPECT_DOUBLE_EQ(length_of_last(shown), 30);
    EXPECT_EQ(pictures.pictures(), 1);
}

TEST(PictureWindow, ShowsWhatIsOnScreenAtTheStartUntilAFirstPictureThatComesLate) {
    Collector<Frame> shown;
    PictureWindow pictures(window(true, {.start = 2, .end = {}}), shown);
    ASSERT_TRUE(pictures.push(picture_at(0, 1)));
    ASSERT_TRUE(pictures.push(picture_at(1, 9)));
    ASSERT_TRUE(pictures.push(picture_at(10, 1)));
    ASSERT_TRUE(pictures.finish());
    ASSERT_EQ(shown.items.size(), 2U);
    EXPECT_EQ(shown.items[0]->pts, 0);
    EXPECT_EQ(duration_of(*shown.items[0]), 8000);
    EXPECT_EQ(shown.items[1]->pts, 8000);
}

TEST(PictureWindow, ShowsAFirstPictureThatComesSoonFromTheStartOn) {
    Collector<Frame> shown;
    PictureWindow pictures(window(true, {.start = 2, .end = {}}), shown);
    ASSERT_TRUE(pictures.push(picture_at(1.9, 0.2)));
    ASSERT_TRUE(pictures.push(picture_at(2.1, 0.2)));
    ASSERT_TRUE(pictures.finish());
    ASSERT_EQ(shown.items.size(), 1U);
    EXPECT_EQ(shown.items[0]->pts, 0);
}

Frame tone(int samples, float level, std::int64_t pts, int channels = 1) {
    Frame frame = make_frame();
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = 48000;
    frame->nb_samples = samples;
    frame->pts = pts;
    av_channel_layout_default(&frame->ch_layout, channels);
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    for (int channel = 0; channel < channels; ++channel) {
        auto* out = reinterpret_cast<float*>(frame->extended_data[channel]);
        for (int i = 0; i < samples; ++i)
            out[i] = level * static_cast<float>(
                                 std::sin(2 * M_PI * 11000 / 48000 * static_cast<double>(pts + i))
                             );
    }
    return frame;
}

TEST(Soundtrack, RefusesToMakeUpDaysOfSilence) {
    Collector<Frame> heard;
    Soundtrack sound({{1, 48000}, 0}, {}, {}, heard);
    ASSERT_TRUE(sound.push(tone(4800, 0.1F, 0)));
    const auto refused = sound.push(tone(4800, 0.1F, 48000LL * 170'000));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kLimitExceeded);
    EXPECT_EQ(refused.error().limit->name, "silence");
    EXPECT_LE(heard.items.size(), 2U);
}

TEST(CommonEnd, IsTheLaterOfTheTwoOnTheGrid) {
    CommonEnd end({50, 1}, 2, {}, {});
    std::int64_t after_sound = 0;
    std::thread other([&] { after_sound = end.after_sound(48000 * 3 + 1, 48000); });
    EXPECT_EQ(end.after_pictures(99), 152);
    other.join();
    EXPECT_EQ(after_sound, 152);
}

TEST(CommonEnd, IsThePicturesWhereSoundIsLongerByAFrame) {
    CommonEnd end({25, 1}, 1, {}, {});
    std::thread other([&] { end.after_sound(48000 * 5 + 624, 48000); });
    EXPECT_EQ(end.after_pictures(125), 125);
    other.join();
}

TEST(CommonEnd, IsTheLongestOfSeveralSounds) {
    CommonEnd film({25, 1}, 1, {.sounds = 2}, {});
    std::thread one([&] { film.after_sound(336'000, 48000); });
    std::thread other([&] { film.after_sound(264'600, 44100); });
    EXPECT_EQ(film.after_pictures(125), 175);
    one.join();
    other.join();
    CommonEnd sounds({48000, 1}, 1, {.has_pictures = false, .sounds = 2}, {});
    std::thread longer([&] { sounds.after_sound(88'200, 44100); });
    EXPECT_EQ(sounds.after_sound(48000, 48000), 96000);
    longer.join();
}

TEST(SoundEnd, TellsHowLongASoundIsWhoseRateChanges) {
    CommonEnd end({25, 1}, 1, {}, {});
    std::thread other([&] {
        SoundEnd sound(end);
        for (const int rate : {48000, 48000, 44100}) {
            Frame second = make_frame();
            second->sample_rate = second->nb_samples = rate;
            EXPECT_TRUE(sound.push(std::move(second)));
        }
        EXPECT_TRUE(sound.finish());
    });
    EXPECT_EQ(end.after_pictures(10), 75);
    other.join();
}

TEST(Limiter, KeepsTruePeaksUnderTheCeilingAndLeavesTheRestAlone) {
    Collector<Frame> heard;
    Limiter limiter(-1.3, 0, heard);
    ASSERT_TRUE(limiter.push(tone(48000, 0.5F, 0)));
    ASSERT_TRUE(limiter.push(tone(48000, 2.0F, 48000)));
    ASSERT_TRUE(limiter.push(tone(96000, 0.5F, 96000)));
    ASSERT_TRUE(limiter.finish());
    std::vector<float> out;
    for (const Frame& frame : heard.items) {
        EXPECT_EQ(frame->pts, static_cast<std::int64_t>(out.size()));
        const auto* from = reinterpret_cast<const float*>(frame->extended_data[0]);
        out.insert(out.end(), from, from + frame->nb_samples);
    }
    ASSERT_EQ(out.size(), 192000U);
    const auto level = [&](std::size_t from, std::size_t to) {
        double sum = 0;
        for (std::size_t i = from; i < to; ++i) sum += out[i] * out[i];
        return std::sqrt(2 * sum / static_cast<double>(to - from));
    };
    EXPECT_NEAR(level(1000, 47000), 0.5, 0.001);
    EXPECT_LE(level(50000, 94000), 0.88);
    EXPECT_GE(level(50000, 94000), 0.82);
    EXPECT_NEAR(level(170000, 191000), 0.5, 0.005);
}

}  // namespace
}  // namespace ittybit::media
