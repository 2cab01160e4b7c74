#include "tasks/adaptive_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "tasks/quality.h"

namespace ittybit::tasks {
namespace {

constexpr std::array<Ratio, 10> kUsualRates = {
    {{15, 1},
     {24000, 1001},
     {24, 1},
     {25, 1},
     {30000, 1001},
     {30, 1},
     {48, 1},
     {50, 1},
     {60000, 1001},
     {60, 1}}
};
constexpr double kFastest = 60;
constexpr double kTolerance = 0.02;  // pictures each 33 ms mean 30 a second

/// The framing of the best rendition: its exact size, filled as the options' box would be.
Framing framing_of(const AdaptiveVideoOptions& options, Size size) {
    Framing framing = options;
    const bool is_box = options.width && options.height;
    if (!is_box) framing.fit = Fit::kFill;  // the proportions but for the rounding to even sides
    framing.width = Length{.value = static_cast<double>(size.width)};
    framing.height = Length{.value = static_cast<double>(size.height)};
    return framing;
}

/// Frame threads of one encoder: all encoders run at once, so only the large ones share theirs out.
int encoder_threads(Size size, Size largest) {
    const double share = static_cast<double>(size.width) * size.height /
                         (static_cast<double>(largest.width) * largest.height);
    return std::clamp(static_cast<int>(std::lround(machine_cores() * share)), 1, 16);
}

Result<PictureRendition> plan_rendition(
    const Rung& rung, const PictureLadder& ladder, Quality quality, Size largest
) {
    auto encoding = TRY(picture_encoding({
        .codec = VideoCodec::kH264,
        .quality = quality,
        .bitrate = {},
        .size = rung.size,
        .fps = {ladder.fps.num, ladder.fps.den * rung.every},
        .ticks = ladder.clock().ticks,
        .colour = ladder.treatment.colour,
    }));
    encoding.threads = encoder_threads(rung.size, largest);
    encoding.max_bitrate = rung.max_bitrate;
    encoding.buffer_bits = rung.buffer_bits;
    encoding.options["crf"] = rung.crf;
    encoding.options["preset"] = "veryfast";
    // Key frames exactly where they are asked for; scene cuts stay I frames but no key frames. No
    // pyramid of B frames: players built on libav present pictures late by their delay, which so
    // is one frame and not two. The rate is constant, and the bit stream says so.
    encoding.options["forced-idr"] = 1;
    encoding.options["x264-params"] =
        "keyint=infinite:min-keyint=100000:b-pyramid=none:force-cfr=1";
    return PictureRendition{rung.name, rung.every, std::move(encoding)};
}

Result<PictureLadder> plan_picture(
    const AdaptiveVideoOptions& options,
    const PictureFacts& facts,
    const std::string& stem,
    std::vector<std::string>& warnings
) {
    PictureLadder ladder;
    ladder.stream = facts.stream;
    ladder.decoder_threads = decoder_threads(facts.stored);
    // Each field of an interlaced picture is a moment of its own.
    const bool has_fields = facts.is_interlaced && facts.fps.value() < kFastest / 2 * 1.01;
    ladder.fps = constant_rate({facts.fps.num * (has_fields ? 2 : 1), facts.fps.den});
    const Quality quality = options.quality.value_or(Quality::kMedium);
    const Size box = place(facts.display, options, 1).canvas;
    const Size top = without_enlarging(box, facts.display, options.fit.value_or(Fit::kContain));
    if (top != box) {
        warnings.push_back(fmt::format(
            "the input's picture has {}x{} pixels, so the stream is not made larger",
            facts.display.width, facts.display.height
        ));
    }
    auto rungs = plan_ladder(top, ladder.fps.value(), quality);
    // Where even the best is small, none has more: then that is the rate of the ladder.
    ladder.fps.den *= rungs.front().every;
    if (rungs.front().every > 1)
        for (Rung& rung : rungs) rung.every = 1;
    const Size largest = rungs.front().size;
    ladder.treatment = plan_treatment(facts, framing_of(options, largest));
    ladder.treatment.is_field_rate = has_fields;
    for (const auto& rung : rungs)
        ladder.renditions.push_back(TRY(plan_rendition(rung, ladder, quality, largest)));
    for (auto& rendition : ladder.renditions)
        if (rendition.name == stem) rendition.name += "-video";
    return ladder;
}

SoundLadder plan_sound(const SoundFacts& facts, Quality quality, const std::string& stem) {
    auto encoding = video_sound_encoding(VideoFormat::kMp4, quality, facts);
    // The rates that every player of streams knows.
    encoding.format.sample_rate = facts.sample_rate % 11025 == 0 ? 44100 : 48000;
    SoundLadder ladder{.stream = facts.stream, .language = facts.language, .renditions = {}};
    ladder.renditions.push_back({stem == "audio" ? "audio-main" : "audio", encoding});
    constexpr std::int64_t kLowBitrate = 64'000;
    encoding.bitrate = std::min(kLowBitrate, *encoding.bitrate / 2);
    ladder.renditions.push_back({stem == "audio-low" ? "audio-half" : "audio-low", encoding});
    return ladder;
}

}  // namespace

Ratio constant_rate(Ratio average) {
    const double rate = average.value();
    if (rate <= 0) return {25, 1};
    if (rate < 1) return {1, 1};
    if (rate > kFastest * 1.01) {
        const int times = static_cast<int>(std::ceil(rate / (kFastest * 1.01)));
        return constant_rate({average.num, average.den * times});
    }
    const auto distance = [&](const Ratio& usual) { return std::abs(usual.value() / rate - 1); };
    const auto nearest = std::ranges::min_element(kUsualRates, {}, distance);
    if (distance(*nearest) < kTolerance) return *nearest;
    // A whole rate, or one in halves and thirds, is meant; an average with a long fraction is not.
    const AVRational simple = av_d2q(rate, 1000);
    if (simple.den <= 3 && std::abs(av_q2d(simple) / rate - 1) < 1e-6)
        return {simple.num, simple.den};
    const auto above = std::ranges::find_if(kUsualRates, [&](const Ratio& usual) {
        return usual.den == 1 && usual.value() > rate;
    });
    return above == kUsualRates.end() ? Ratio{60, 1} : *above;
}

Result<AdaptivePlan> plan_adaptive(
    const AdaptiveVideoOptions& options, const SourceFacts& source, const std::string& stem
) {
    AdaptivePlan plan;
    plan.warnings = source.warnings;
    plan.time = TRY(plan_time(options, source.duration, plan.warnings, source.is_duration_sure));
    plan.expects = expectation(source, plan.time.start, plan.time.end);
    if (source.picture)
        plan.picture = TRY(plan_picture(options, *source.picture, stem, plan.warnings));
    const Quality quality = options.quality.value_or(Quality::kMedium);
    if (source.sound && !options.no_audio) plan.sound = plan_sound(*source.sound, quality, stem);
    if (!plan.picture && !plan.sound) {
        return Error{
            ErrorKind::kNoVideoStream,
            "the input has no video, and no sound is wanted or there is none; choose another input",
            "input"
        };
    }
    if (plan.sound) {
        const auto& layout = plan.sound->renditions.front().encoding.format.layout;
        plan.sound->is_mixed = is_mixed_to(layout, *source.sound, plan.warnings);
    }
    return plan;
}

}  // namespace ittybit::tasks
