#include "media/loudness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <gmock/gmock.h>

#include "media/filters.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

constexpr int kRate = 48000;

/// A second of sound, or a part of one: `sample(channel, i)` for each.
template <typename Sample>
Frame sound(const std::string& layout, int samples, Sample sample, int rate = kRate) {
    Frame frame = make_frame();
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = rate;
    frame->nb_samples = samples;
    EXPECT_GE(av_channel_layout_from_string(&frame->ch_layout, layout.c_str()), 0);
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    for (int channel = 0; channel < frame->ch_layout.nb_channels; ++channel)
        for (int i = 0; i < samples; ++i)
            reinterpret_cast<float*>(frame->extended_data[channel])[i] =
                static_cast<float>(sample(channel, i));
    return frame;
}

double amplitude(double db) {
    return std::pow(10, db / 20);
}

/// A sine of 1 kHz for some seconds, its level told for each channel.
struct Tone {
    double seconds;
    std::vector<double> dbfs;
};

Loudness loudness_of(const std::vector<Tone>& tones, const std::string& layout, int rate = kRate) {
    LoudnessMeter meter;
    for (const Tone& tone : tones) {
        std::vector<double> levels;
        for (const double dbfs : tone.dbfs) levels.push_back(amplitude(dbfs));
        int left = static_cast<int>(std::lround(tone.seconds * rate));
        while (left > 0) {
            const int samples = std::min(left, rate);
            const auto sine = [&](int channel, int i) {
                return levels[static_cast<std::size_t>(channel)] *
                       std::sin(2 * M_PI * 1000 * i / rate);
            };
            EXPECT_TRUE(meter.push(sound(layout, samples, sine, rate)));
            left -= samples;
        }
    }
    EXPECT_TRUE(meter.finish());
    return meter.loudness();
}

/// Of stereo, equally loud in both ears.
std::optional<double> lufs_of(const std::vector<std::pair<double, double>>& seconds_and_dbfs) {
    std::vector<Tone> tones;
    for (const auto& [seconds, dbfs] : seconds_and_dbfs) tones.push_back({seconds, {dbfs, dbfs}});
    return loudness_of(tones, "stereo").lufs;
}

// EBU Tech 3341, table 1.
TEST(LoudnessMeter, MeasuresTheSignalsOfTech3341) {
    EXPECT_NEAR(*lufs_of({{20, -23}}), -23, 0.1);
    EXPECT_NEAR(*lufs_of({{20, -33}}), -33, 0.1);
    EXPECT_NEAR(*lufs_of({{10, -36}, {60, -23}, {10, -36}}), -23, 0.1);
    EXPECT_NEAR(*lufs_of({{10, -72}, {10, -36}, {60, -23}, {10, -36}, {10, -72}}), -23, 0.1);
    EXPECT_NEAR(*lufs_of({{20, -26}, {20.1, -20}, {20, -26}}), -23, 0.1);
    const auto surround = loudness_of({{20, {-28, -28, -24, -30, -30}}}, "5.0");
    EXPECT_NEAR(*surround.lufs, -23, 0.1);
}

TEST(LoudnessMeter, LeavesOutWhatIsTenUnitsUnderTheRest) {
    const double mean = 10 * std::log10((std::pow(10, -2.0) + std::pow(10, -2.9)) / 2);
    EXPECT_NEAR(*lufs_of({{30, -20}, {30, -29}}), mean, 0.1);
    EXPECT_NEAR(*lufs_of({{30, -20}, {30, -34}}), -20, 0.1);
}

TEST(LoudnessMeter, IsTheSameAtEveryRate) {
    for (const int rate : {8000, 22050, 44100, 96000, 192000})
        EXPECT_NEAR(*loudness_of({{4, {-23, -23}}}, "stereo", rate).lufs, -23, 0.1) << rate;
}

TEST(LoudnessMeter, WeighsChannelsByTheirPlace) {
    const double nothing = -200;
    const auto only = [&](const std::string& layout, std::size_t channel) {
        AVChannelLayout named = {};
        av_channel_layout_from_string(&named, layout.c_str());
        std::vector<double> dbfs(static_cast<std::size_t>(named.nb_channels), nothing);
        dbfs[channel] = -20;
        return loudness_of({{2, dbfs}}, layout).lufs;
    };
    EXPECT_NEAR(*only("mono", 0), -23, 0.1);
    EXPECT_NEAR(*only("5.1", 2), -23, 0.1);    // in front
    EXPECT_FALSE(only("5.1", 3));              // low frequencies
    EXPECT_NEAR(*only("5.1", 4), -21.5, 0.1);  // surround
    EXPECT_NEAR(*only("5.1(side)", 5), -21.5, 0.1);
    EXPECT_NEAR(*only("7.1", 4), -23, 0.1);  // behind, others being beside
    EXPECT_NEAR(*only("7.1", 6), -21.5, 0.1);
}

// EBU Tech 3341, table 1, cases 15 to 19.
TEST(LoudnessMeter, SeesPeaksBetweenTheSamples) {
    const auto peak_of = [](double most, int samples_each_turn, double degrees) {
        LoudnessMeter meter;
        EXPECT_TRUE(meter.push(sound("stereo", kRate, [&](int, int i) {
            const double fade = std::min({1.0, i / 4800.0, (kRate - i) / 4800.0});
            return fade * most * std::sin(2 * M_PI * i / samples_each_turn + degrees * M_PI / 180);
        })));
        EXPECT_TRUE(meter.finish());
        return *meter.loudness().dbtp;
    };
    for (const auto& [each_turn, degrees] :
         {std::pair(4, 0.0), std::pair(4, 45.0), std::pair(6, 60.0), std::pair(8, 67.5)}) {
        EXPECT_LE(peak_of(0.5, each_turn, degrees), -5.8) << each_turn << " " << degrees;
        EXPECT_GE(peak_of(0.5, each_turn, degrees), -6.4) << each_turn << " " << degrees;
    }
    EXPECT_LE(peak_of(1.41, 4, 45), 3.2);
    EXPECT_GE(peak_of(1.41, 4, 45), 2.6);
}

TEST(LoudnessMeter, HasNoneOfWhatIsSilentOrShort) {
    EXPECT_FALSE(LoudnessMeter().loudness().lufs);
    LoudnessMeter silent;
    ASSERT_TRUE(silent.push(sound("stereo", kRate, [](int, int) { return 0; })));
    EXPECT_FALSE(silent.loudness().lufs);
    EXPECT_FALSE(silent.loudness().dbtp);
    EXPECT_FALSE(loudness_of({{2, {-75, -75}}}, "stereo").lufs);
    const auto brief = loudness_of({{0.2, {-6, -6}}}, "stereo");
    EXPECT_FALSE(brief.lufs);
    EXPECT_NEAR(*brief.dbtp, -6, 0.2);
}

TEST(LoudnessMeter, IsNotLedAstrayByWhatIsNoNumberOrTooSlow) {
    LoudnessMeter meter;
    Resample mixer({.sample_rate = kRate, .layout = "mono"}, meter);
    ASSERT_TRUE(mixer.push(sound("mono", kRate, [](int, int i) -> double {
        if (i == 7) return std::numeric_limits<double>::quiet_NaN();
        if (i == 9) return std::numeric_limits<double>::infinity();
        return amplitude(-20) * std::sin(2 * M_PI * i / 48);
    })));
    EXPECT_NEAR(*meter.loudness().lufs, -23, 0.1);
    EXPECT_FALSE(loudness_of({{2, {-20}}}, "mono", 2000).lufs);
}

TEST(Gain, MakesEverySampleLouder) {
    Collector<Frame> heard;
    Gain gain(-6.0206, heard);
    ASSERT_TRUE(gain.push(sound("stereo", 100, [](int channel, int i) { return channel + i; })));
    ASSERT_TRUE(gain.finish());
    const auto* right = reinterpret_cast<const float*>(heard.items.at(0)->extended_data[1]);
    for (int i = 0; i < 100; ++i) EXPECT_NEAR(right[i], 0.5 * (1 + i), 0.001);
}

}  // namespace
}  // namespace ittybit::media
