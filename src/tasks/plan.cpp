#include "tasks/plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "media/front_index.h"
#include "tasks/quality.h"

namespace ittybit::tasks {
namespace {

/// The rate asked for, or the source's, as a ratio: 29.97 is 30000/1001.
Ratio rate_as_ratio(double fps) {
    for (const int nominal : {24, 30, 48, 60}) {
        if (std::abs(fps - nominal * 1000.0 / 1001) < 0.005) return {nominal * 1000, 1001};
    }
    const AVRational ratio = av_d2q(fps, 1000);
    return {ratio.num, ratio.den};
}

/// Rates with enormous numerators are averages of a variable rate, and no clock can follow them.
Ratio nominal_rate(const Ratio& measured) {
    if (measured.num <= 0 || measured.den <= 0) return {};
    if (measured.num <= 120'000) return measured;
    return rate_as_ratio(measured.value());
}

std::string muxer_of(VideoFormat format) {
    switch (format) {
        case VideoFormat::kMp4: return "mp4";
        case VideoFormat::kMov: return "mov";
        case VideoFormat::kWebm: return "webm";
    }
    return "mp4";
}

std::string muxer_of(AudioFormat format) {
    switch (format) {
        case AudioFormat::kMp3: return "mp3";
        case AudioFormat::kAac: return "adts";
        case AudioFormat::kOgg: return "ogg";
        case AudioFormat::kOpus: return "opus";
        case AudioFormat::kWav: return "wav";
        case AudioFormat::kFlac: return "flac";
    }
    return "mp3";
}

/// Room for the index of what will be written, a little more than it takes.
std::int64_t reserve_for(const Plan& plan, const SourceFacts& source) {
    const double seconds = plan.time.duration.value_or(600) * 1.01 + 1;
    std::vector<media::IndexEntries> tracks;
    if (plan.picture) {
        const double fps = plan.picture->fps.num > 0 ? plan.picture->fps.value() : 60;
        auto samples = static_cast<std::int64_t>(seconds * fps) + 2;
        if (plan.picture->is_copied && source.picture->packets)
            samples = source.picture->packets->packets;
        const bool is_steady = plan.picture->is_rate_constant;
        tracks.push_back({
            .samples = samples,
            .keys = static_cast<std::int64_t>(seconds) + samples / 30 + 8,
            .time_runs = is_steady ? 4 : samples,
            .offset_runs = samples,
        });
    }
    if (plan.sound) {
        const auto rate = plan.sound->is_copied ? source.sound->sample_rate
                                                : plan.sound->encoding.format.sample_rate;
        tracks.push_back({
            .samples = static_cast<std::int64_t>(seconds * rate / 1024) + 8,
            .time_runs = 8,
            .offset_runs = 2,
        });
    }
    return media::index_size(tracks) + 1024;
}

media::OutputFile plan_output(
    const VideoOptions& options, const SourceFacts& source, const std::string& name
) {
    media::OutputFile output{
        .name = name,
        .muxer = muxer_of(options.format),
        .options = {},
        .moov_size = 0,
        .metadata = source.metadata,
    };
    if (options.format == VideoFormat::kMov) output.options["write_tmcd"] = 0;
    return output;
}

SoundPlan plan_sound(const SoundFacts& facts, const VideoOptions& options) {
    auto why_encoded = reason_not_to_copy(facts, options);
    return {
        .stream = facts.stream,
        .is_copied = why_encoded.empty(),
        .why_encoded = std::move(why_encoded),
        .language = facts.language,
        .encoding =
            video_sound_encoding(options.format, options.quality.value_or(Quality::kMedium), facts),
    };
}

/// FLAC has eight channels at most, and names for all of them.
std::string flac_layout(const SoundFacts& facts) {
    const bool is_unnamed =
        facts.layout.starts_with("ambisonic") || facts.layout.ends_with("channels");
    if (is_unnamed && facts.channels > 2) return "stereo";
    return facts.channels > 8 ? "7.1" : facts.layout;
}

Result<PicturePlan> plan_picture(
    const PictureFacts& facts, const VideoOptions& options, const Limits& limits
) {
    PicturePlan plan;
    plan.stream = facts.stream;
    plan.language = facts.language;
    plan.why_encoded = reason_not_to_copy(facts, options);
    plan.is_copied = plan.why_encoded.empty();
    plan.decoder_threads = decoder_threads(facts.stored);
    plan.treatment = plan_treatment(facts, options);
    plan.fps = options.fps ? rate_as_ratio(*options.fps) : nominal_rate(facts.fps);
    plan.is_rate_constant = options.fps.has_value();
    // A film of fields can give more pictures than it has frames.
    plan.treatment.is_field_rate = options.fps && *options.fps > 1.2 * facts.fps.value();
    plan.is_steady = facts.is_steady || plan.is_rate_constant;
    plan.is_irregular = facts.is_irregular && !plan.is_rate_constant;
    if (options.frames) plan.most_frames = *options.frames;
    if (plan.is_copied) return plan;
    const Size size = plan.treatment.canvas;
    const auto pixels = std::int64_t{size.width} * size.height;
    if (pixels > limits.pixels) {
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "a picture of {}x{} has more than {} pixels; choose a smaller width or height",
                size.width, size.height, limits.pixels
            ),
            "width", LimitReached{"pixels", static_cast<double>(limits.pixels)}
        };
    }
    plan.encoding = TRY(picture_encoding({
        .codec = options.chosen_codec(),
        .quality = options.quality.value_or(Quality::kMedium),
        .bitrate = options.bitrate,
        .size = size,
        .fps = plan.fps,
        .ticks = plan.clock().ticks,
        .colour = plan.treatment.colour,
    }));
    return plan;
}

}  // namespace

bool is_mixed_to(
    const std::string& layout, const SoundFacts& facts, std::vector<std::string>& warnings
) {
    if (facts.channels <= 2 || layout == facts.layout) return false;
    if (facts.layout.starts_with("ambisonic")) {
        warnings.emplace_back("of the ambisonic sound only the part without direction was taken");
    } else if (facts.layout.ends_with("channels")) {
        warnings.push_back(fmt::format(
            "the sound's {} do not say where they belong, and were mixed to {} in equal parts",
            facts.layout, layout
        ));
    } else {
        warnings.push_back(fmt::format("{} sound was mixed to {}", facts.layout, layout));
    }
    return true;
}

media::PictureClock PicturePlan::clock() const {
    const AVRational rate = {fps.num, fps.den};
    return is_irregular ? media::irregular_clock(rate) : media::clock_for(rate);
}

int decoder_threads(const Size& stored) {
    // Each thread holds pictures: fewer for very large ones.
    const auto pixels = std::int64_t{stored.width} * stored.height;
    const int most = pixels > 20'000'000 ? 4 : 8;
    return pixels < 64 * 64 ? 1 : std::clamp(machine_cores() + 1, 1, most);
}

Result<TimePlan> plan_time(
    const Span& span,
    std::optional<double> duration,
    std::vector<std::string>& warnings,
    bool is_sure
) {
    TimePlan plan{.start = span.start.value_or(0), .end = span.end, .duration = {}};
    if (duration && is_sure && plan.start > 0 && plan.start >= *duration) {
        return Error{
            ErrorKind::kStartOutOfRange,
            fmt::format(
                "start is {:.3f} s but the input ends at {:.3f} s; choose an earlier start",
                plan.start, *duration
            ),
            "start"
        };
    }
    if (duration && is_sure && plan.end && *plan.end > *duration) {
        // A few frames are how differently containers count, not a different wish.
        if (*plan.end > *duration + 0.1) {
            warnings.push_back(fmt::format(
                "end is {:.3f} s but the input ends at {:.3f} s, so the output ends there",
                *plan.end, *duration
            ));
        }
        plan.end.reset();
    }
    if (plan.end) {
        plan.duration = *plan.end - plan.start;
    } else if (duration && *duration > plan.start) {
        plan.duration = *duration - plan.start;
    }
    return plan;
}

Result<> check_frames(const TimePlan& time, Ratio fps, const Limits& limits) {
    const double frames = time.duration.value_or(0) * fps.value();
    if (frames <= static_cast<double>(limits.frames)) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the output would have {:.0f} frames, more than the {} allowed; choose a part with "
            "start and end, or a lower fps",
            frames, limits.frames
        ),
        "", LimitReached{"frames", static_cast<double>(limits.frames)}
    };
}

Result<Plan> plan_video(
    const VideoOptions& options,
    const SourceFacts& source,
    const std::string& name,
    const Limits& limits
) {
    Plan plan;
    plan.warnings = source.warnings;
    plan.time = TRY(plan_time(options, source.duration, plan.warnings, source.is_duration_sure));
    plan.picture = TRY(plan_picture(*source.picture, options, limits));
    if (options.frames && options.fps) {
        const double end = plan.time.start + *options.frames / plan.picture->fps.value();
        if (!plan.time.end || end < *plan.time.end) plan.time.end = end;
        plan.time.duration = *plan.time.end - plan.time.start;
    }
    if (plan.picture->is_rate_constant) TRY(check_frames(plan.time, plan.picture->fps, limits));
    if (source.sound && !options.no_audio) plan.sound = plan_sound(*source.sound, options);
    if (plan.sound && !plan.sound->is_copied) {
        SoundPlan& sound = *plan.sound;
        sound.is_mixed = is_mixed_to(sound.encoding.format.layout, *source.sound, plan.warnings);
    }
    plan.output = plan_output(options, source, name);
    plan.expects = expectation(source, plan.time.start, plan.time.end);
    if (options.format != VideoFormat::kWebm) plan.output.moov_size = reserve_for(plan, source);
    return plan;
}

Result<Plan> plan_audio(
    const AudioOptions& options, const SourceFacts& source, const std::string& name
) {
    Plan plan;
    plan.warnings = source.warnings;
    plan.time = TRY(plan_time(options, source.duration, plan.warnings, source.is_duration_sure));
    const SoundFacts& facts = *source.sound;
    auto why_encoded = reason_not_to_copy(facts, options);
    plan.sound = SoundPlan{
        .stream = facts.stream,
        .is_copied = why_encoded.empty(),
        .why_encoded = std::move(why_encoded),
        .language = facts.language,
        .encoding = sound_encoding(
            options.format, options.quality.value_or(Quality::kMedium), options.bitrate, facts
        ),
    };
    if (!plan.sound->is_copied) {
        auto& format = plan.sound->encoding.format;
        if (options.format == AudioFormat::kFlac) format.layout = flac_layout(facts);
        plan.sound->is_mixed = is_mixed_to(format.layout, facts, plan.warnings);
    }
    plan.output = {
        .name = name,
        .muxer = muxer_of(options.format),
        .options = {},
        .moov_size = 0,
        .metadata = source.metadata,
    };
    if (options.format == AudioFormat::kWav) plan.output.options["rf64"] = "auto";
    plan.expects = expectation(source, plan.time.start, plan.time.end);
    return plan;
}

}  // namespace ittybit::tasks
