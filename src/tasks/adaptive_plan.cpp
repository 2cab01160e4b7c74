#include "tasks/adaptive_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "tasks/adaptive_mpd.h"
#include "tasks/adaptive_segmenter.h"
#include "tasks/adaptive_tracks.h"
#include "tasks/picture_plan.h"
#include "tasks/plan.h"
#include "tasks/plan_time.h"
#include "tasks/quality.h"
#include "tasks/treatment.h"

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
    auto framing = static_cast<const Framing&>(options);
    const bool is_box = options.width && options.height;
    if (!is_box) framing.fit = Fit::kFill;  // the proportions but for the rounding to even sides
    framing.width = Length{.value = static_cast<double>(size.width)};
    framing.height = Length{.value = static_cast<double>(size.height)};
    return framing;
}

VideoCodec video_codec(StreamCodec codec) {
    switch (codec) {
        case StreamCodec::kH264: return VideoCodec::kH264;
        case StreamCodec::kH265: return VideoCodec::kH265;
        case StreamCodec::kAv1: return VideoCodec::kAv1;
    }
    return VideoCodec::kH264;
}

/// Frame threads of one encoder: all encoders run at once, so only the large ones share theirs out.
int encoder_threads(Size size, Size largest) {
    const double share = static_cast<double>(size.pixels()) / static_cast<double>(largest.pixels());
    return std::clamp(static_cast<int>(std::lround(machine_cores() * share)), 1, 16);
}

/// Key frames exactly where they are asked for; scene cuts stay I frames but no key frames. No
/// pyramid of B frames: players built on libav present pictures late by their delay, which so is
/// one frame and not two. The rate is constant, and the bit stream says so.
void set_for_segments(PictureEncoding& encoding, const Rung& rung) {
    const bool has_preset = rung.codec != VideoCodec::kAv1 || encoding.encoder == "libsvtav1";
    if (has_preset) encoding.options["preset"] = rung.preset;
    if (rung.codec == VideoCodec::kH264) {
        encoding.options["forced-idr"] = 1;
        encoding.options["x264-params"] = fmt::format(
            "keyint=infinite:min-keyint=100000:b-pyramid=none:force-cfr=1{}{}",
            rung.tuning.empty() ? "" : ":", rung.tuning
        );
    } else if (rung.codec == VideoCodec::kH265) {
        encoding.options["forced-idr"] = 1;
        encoding.options["x265-params"] = fmt::format(
            "log-level=none:pools={0}:frame-threads=1:keyint=100000:min-keyint=100000:scenecut=0:"
            "open-gop=0:b-pyramid=0",
            encoding.threads
        );
    } else {
        // SVT-AV1 before 2.0 makes no key frames where they are asked for. libav's cap would turn
        // its factor off; its own is over no buffer, and gone over by a third in two seconds.
        encoding.max_bitrate.reset();
        encoding.buffer_bits.reset();
        encoding.restarts_at_keys = encoding.encoder == "libsvtav1";
        if (encoding.restarts_at_keys) {
            encoding.options["svtav1-params"] = fmt::format(
                "lp={}:scd=0:mbr={}", encoding.threads, rung.max_bitrate * 4 / 5 / 1000
            );
        } else {
            encoding.bitrate = rung.max_bitrate;  // beside a factor libaom's cap
        }
    }
}

Result<PictureEncoding> rendition_encoding(
    const Rung& rung, const PicturePlan& picture, Quality quality, Size largest
) {
    const Ratio fps = picture.clock.fps;
    auto encoding = TRY(picture_encoding({
        .codec = rung.codec,
        .quality = quality,
        .size = rung.size,
        .fps = {fps.num, fps.den * rung.every},
        .ticks = picture.clock.ticks,
        .colour = picture.treatment.colour,
    }));
    encoding.threads = encoder_threads(rung.size, largest);
    encoding.max_bitrate = rung.max_bitrate;
    encoding.buffer_bits = rung.buffer_bits;
    encoding.options["crf"] = rung.crf;
    set_for_segments(encoding, rung);
    return encoding;
}

/// The ladders of all codecs, the largest pictures first.
std::vector<Rung> plan_ladders(
    const AdaptiveVideoOptions& options, Size top, double fps, const std::optional<Demand>& demand
) {
    const Quality quality = options.quality.value_or(Quality::kMedium);
    auto codecs = options.codecs;
    if (codecs.empty()) codecs = {StreamCodec::kH264};
    std::ranges::sort(codecs);
    const auto twice = std::ranges::unique(codecs);
    codecs.erase(twice.begin(), twice.end());
    std::vector<Rung> rungs;
    for (const auto codec : codecs) {
        const auto ladder = plan_ladder(top, fps, quality, video_codec(codec), demand);
        rungs.insert(rungs.end(), ladder.begin(), ladder.end());
    }
    std::ranges::stable_sort(rungs, std::ranges::greater{}, [](const Rung& rung) {
        return rung.size.pixels();
    });
    return rungs;
}

/// The branches of the ladders: each picture is scaled from the one of the rung above, where that
/// has another size.
Result<> add_rungs(
    PicturePlan& picture, const std::vector<Rung>& rungs, Quality quality, const std::string& stem
) {
    const Rung* above = nullptr;
    for (const auto& rung : rungs) {
        PictureBranch branch;
        branch.every = rung.every;
        branch.encoding = TRY(rendition_encoding(rung, picture, quality, rungs.front().size));
        branch.track.name = rung.name == stem ? rung.name + "-video" : rung.name;
        if (above != nullptr && above->size != rung.size) {
            branch.steps.push_back(
                {"scale",
                 {{"width", rung.size.width}, {"height", rung.size.height}, {"flags", "bicubic"}}}
            );
        }
        picture.branches.push_back(std::move(branch));
        above = &rung;
    }
    return {};
}

/// The largest picture that is wanted and that the source gives.
Size plan_top(
    const AdaptiveVideoOptions& options,
    const PictureFacts& facts,
    std::vector<std::string>& warnings
) {
    const Size box = place(facts.display, options, 1).canvas;
    const Size top = without_enlarging(box, facts.display, options.fit.value_or(Fit::kContain));
    if (top != box) {
        warnings.push_back(fmt::format(
            "the input's picture has {}x{} pixels, so the stream is not made larger",
            facts.display.width, facts.display.height
        ));
    }
    return top;
}

Result<PicturePlan> plan_picture(
    const AdaptiveVideoOptions& options,
    const PictureFacts& facts,
    const std::string& stem,
    const std::optional<Demand>& demand,
    std::vector<std::string>& warnings
) {
    // Each field of an interlaced picture is a moment of its own.
    const bool has_fields = facts.is_interlaced && facts.fps.value() < kFastest / 2 * 1.01;
    Ratio fps = constant_rate({facts.fps.num * (has_fields ? 2 : 1), facts.fps.den});
    auto rungs = plan_ladders(options, plan_top(options, facts, warnings), fps.value(), demand);
    // Where even the best is small, none has more: then that is the rate of the ladder.
    fps.den *= rungs.front().every;
    if (rungs.front().every > 1)
        for (Rung& rung : rungs) rung.every = 1;
    PicturePlan picture;
    picture.why_encoded =
        demand
            ? fmt::format(
                  "streams are made of segments; short encodes at {}x{} took {:.0f} kb/s",
                  demand->large.size.width, demand->large.size.height, demand->large.bitrate / 1000
              )
            : "streams are made of segments";
    picture.clock = media::clock_for(fps);
    picture.cadence = PlannedCadence{
        .key_seconds = SegmentGrid::kKeySeconds,
        .key_grid = rungs.back().every,
    };
    picture.treatment = plan_treatment(facts, framing_of(options, rungs.front().size));
    picture.treatment.is_field_rate = has_fields;
    decide_steps(picture.treatment, shape_of(facts));
    TRY(add_rungs(picture, rungs, options.quality.value_or(Quality::kMedium), stem));
    return picture;
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

Result<Plan> plan_adaptive(
    const AdaptiveVideoOptions& options,
    const SourceFacts& source,
    const std::string& stem,
    const std::optional<Demand>& demand
) {
    Plan plan = TRY(plan_of_part(options, source));
    if (source.picture) {
        auto picture = TRY(plan_picture(options, *source.picture, stem, demand, plan.warnings));
        picture.expects = expectation(source.picture->told_end, plan.window);
        plan.reads.push_back(read_of(*source.picture));
        plan.pictures.push_back(std::move(picture));
    }
    if (source.sound && !options.no_audio) {
        add_sounds(plan, source, options, stem);
    } else if (options.normalize) {
        plan.warnings.emplace_back(kNothingToNormalize);
    }
    if (plan.reads.empty()) {
        return Error{
            ErrorKind::kNoVideoStream,
            "the input has no video, and no sound is wanted or there is none; choose another input",
            "input"
        };
    }
    add_texts(plan, source, stem);
    plan.has_common_end = !plan.pictures.empty() || plan.sounds.size() > 1;
    OutputFile output{.name = stem + ".m3u8", .muxer = "hls"};
    if (options.makes_dash()) output.options[kDash] = kMpdName;
    if (options.encryption) output.options[kKeyUrl] = options.encryption->key_url;
    plan.outputs.push_back(std::move(output));
    return plan;
}

}  // namespace ittybit::tasks
