#include "media/peaks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>

#include "media/testing.h"

namespace ittybit::media {
namespace {

using testing::ElementsAre;

/// Frames of samples, one after the other.
template <typename Number>
Frame frame_of(
    const std::vector<Number>& samples,
    AVSampleFormat packed,
    int channels = 1,
    std::int64_t pts = 0,
    int rate = 8000
) {
    Frame frame = make_frame();
    frame->format = packed;
    frame->sample_rate = rate;
    frame->nb_samples = static_cast<int>(samples.size()) / channels;
    frame->pts = pts;
    av_channel_layout_default(&frame->ch_layout, channels);
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    std::ranges::copy(samples, reinterpret_cast<Number*>(frame->extended_data[0]));
    return frame;
}

/// Peaks, and the meter that they are told to.
struct Heard {
    Heard(int slices, std::optional<std::int64_t> samples = {}, std::size_t bins = 64)
        : peaks(slices, samples, meter, bins) {}

    Heard& hear(Frame frame) {
        EXPECT_TRUE(peaks.push(std::move(frame)));
        return *this;
    }
    Heard& hear(const std::vector<float>& samples) {
        return hear(frame_of(samples, AV_SAMPLE_FMT_FLT, 1, peaks.samples()));
    }

    Meter meter{std::nullopt, [](const Meter::Reading&) {}};
    Peaks peaks;
};

std::vector<float> expected(const std::vector<float>& samples, std::size_t slices) {
    std::vector<float> peaks;
    for (std::size_t i = 0; i < slices; ++i) {
        const std::size_t begin = i * samples.size() / slices;
        const std::size_t end = std::max(begin + 1, (i + 1) * samples.size() / slices);
        float peak = 0;
        for (std::size_t at = begin; at < end; ++at) peak = std::max(peak, std::abs(samples[at]));
        peaks.push_back(peak);
    }
    return peaks;
}

TEST(Peaks, AreExactWhateverTheLengthAndThatIsKnownAtTheEndOnly) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> any(-1, 1);
    int at_once = 0;
    int again = 0;
    for (std::size_t count = 1; count < 300; ++count) {
        std::vector<float> samples(count);
        for (float& sample : samples) sample = any(random);
        for (const int slices : {1, 3, 10, 37}) {
            Heard first(slices);
            auto found = first.hear(samples).peaks.slices();
            ++(found ? at_once : again);
            const auto told = static_cast<std::int64_t>(count);
            if (!found) found = Heard(slices, told).hear(samples).peaks.slices();
            ASSERT_TRUE(found) << count << " in " << slices;
            EXPECT_EQ(*found, expected(samples, static_cast<std::size_t>(slices)))
                << count << " in " << slices;
        }
    }
    EXPECT_GT(at_once, 100);
    EXPECT_GT(again, 100);
}

TEST(Peaks, SeeAClickOfOneSampleInItsSliceAlone) {
    for (std::size_t click = 0; click < 1000; click += 37) {
        std::vector<float> samples(1000);
        samples[click] = -0.25F;
        EXPECT_EQ(*Heard(8, {}, 1024).hear(samples).peaks.slices(), expected(samples, 8)) << click;
    }
}

TEST(Peaks, OfAnEdgeThatCutsNothingLoudAreKnownAtOnce) {
    std::vector<float> samples(398, 0.1F);
    samples[25] = samples[276] = 0.5F;
    EXPECT_THAT(*Heard(2).hear(samples).peaks.slices(), ElementsAre(0.5F, 0.5F));
}

TEST(Peaks, CountEveryChannelOfEveryFormat) {
    const auto of = [](Frame frame) { return *Heard(2).hear(std::move(frame)).peaks.slices(); };
    EXPECT_THAT(
        of(frame_of<std::uint8_t>({128, 0, 192, 128}, AV_SAMPLE_FMT_U8, 2)), ElementsAre(1, 0.5F)
    );
    EXPECT_THAT(
        of(frame_of<std::int16_t>({0, -32768, 16384, 1}, AV_SAMPLE_FMT_S16, 2)),
        ElementsAre(1, 0.5F)
    );
    EXPECT_THAT(
        of(frame_of<std::int32_t>({1 << 30, 0, 0, -(1 << 29)}, AV_SAMPLE_FMT_S32, 2)),
        ElementsAre(0.5F, 0.25F)
    );
    EXPECT_THAT(
        of(frame_of<double>({0.5, 0, 0, -0.25}, AV_SAMPLE_FMT_DBL, 2)), ElementsAre(0.5F, 0.25F)
    );
    Frame planar = make_frame();
    planar->format = AV_SAMPLE_FMT_FLTP;
    planar->sample_rate = 8000;
    planar->nb_samples = 2;
    planar->pts = 0;
    av_channel_layout_default(&planar->ch_layout, 6);
    ASSERT_GE(av_frame_get_buffer(planar.get(), 0), 0);
    av_samples_set_silence(planar->extended_data, 0, 2, 6, AV_SAMPLE_FMT_FLTP);
    reinterpret_cast<float*>(planar->extended_data[5])[1] = -0.75F;
    EXPECT_THAT(of(std::move(planar)), ElementsAre(0, 0.75F));
}

TEST(Peaks, AreBetweenZeroAndOneWhateverTheSamples) {
    const float endless = std::numeric_limits<float>::infinity();
    const float none = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(*Heard(4).hear({1.5F, -endless, none, 0}).peaks.slices(), ElementsAre(1, 1, 0, 0));
}

TEST(Peaks, OfFewerSamplesThanSlicesShareThem) {
    EXPECT_THAT(
        *Heard(4).hear({0.5F, 0.25F}).peaks.slices(), ElementsAre(0.5F, 0.5F, 0.25F, 0.25F)
    );
}

TEST(Peaks, GoOnWhereTheSampleRateChanges) {
    Heard heard(4);
    heard.hear(std::vector<float>(8, 0.5F));
    heard.hear(frame_of(std::vector<float>(16, 0.25F), AV_SAMPLE_FMT_FLT, 1, 16, 16000));
    EXPECT_EQ(heard.peaks.samples(), 16);
    EXPECT_EQ(heard.peaks.sample_rate(), 8000);
    EXPECT_THAT(*heard.peaks.slices(), ElementsAre(0.5F, 0.5F, 0.25F, 0.25F));
}

TEST(Peaks, SayWhenTheSoundIsNotAsLongAsItWas) {
    EXPECT_FALSE(Heard(4, 100).hear(std::vector<float>(90, 1)).peaks.slices());
}

}  // namespace
}  // namespace ittybit::media
