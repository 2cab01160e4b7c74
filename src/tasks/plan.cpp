#include "tasks/plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "media/front_index.h"
#include "model/output_name.h"
#include "tasks/image_plan.h"
#include "tasks/picture_plan.h"
#include "tasks/plan_time.h"
#include "tasks/quality.h"
#include "tasks/treatment.h"

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

/// libav calls all but one as users do.
std::string muxer_of(AudioFormat format) {
    return std::string(format == AudioFormat::kAac ? "adts" : name_of(format));
}

media::IndexEntries picture_index(
    const PicturePlan& picture, const PictureFacts& facts, double seconds
) {
    const double fps = picture.clock.fps.num > 0 ? picture.clock.fps.value() : 60;
    auto samples = static_cast<std::int64_t>(seconds * fps) + 2;
    if (picture.copied && !facts.packets->is_guessed) samples = facts.packets->packets;
    return {
        .samples = samples,
        .keys = static_cast<std::int64_t>(seconds) + samples / 30 + 8,
        .time_runs = picture.cadence ? 4 : samples,
        .offset_runs = samples,
    };
}

media::IndexEntries sound_index(const SoundPlan& sound, const SoundFacts& facts, double seconds) {
    const auto rate =
        sound.copied ? facts.sample_rate : sound.branches.front().encoding->format.sample_rate;
    return {
        .samples = static_cast<std::int64_t>(seconds * rate / 1024) + 8,
        .time_runs = 8,
        .offset_runs = 2,
    };
}

/// A caption, and nothing until the next.
media::IndexEntries text_index(const TextFacts& facts, double seconds) {
    const auto samples = 2 * facts.cues.value_or(static_cast<std::int64_t>(seconds)) + 8;
    return {.samples = samples, .time_runs = samples, .offset_runs = 1};
}

/// Room for the index of what will be written, a little more than it takes.
std::int64_t reserve_for(const Plan& plan, const SourceFacts& source) {
    const double seconds = plan.window.duration.value_or(600) * 1.01 + 1;
    std::vector<media::IndexEntries> tracks;
    for (const auto& picture : plan.pictures)
        tracks.push_back(picture_index(picture, *source.picture, seconds));
    for (const auto& sound : plan.sounds)
        tracks.push_back(sound_index(sound, *source.sound, seconds));
    if (source.text) tracks.push_back(text_index(*source.text, seconds));
    return media::index_size(tracks, source.metadata) + 1024;
}

OutputFile plan_output(
    const VideoOptions& options, const SourceFacts& source, const std::string& name
) {
    OutputFile output{
        .name = name,
        .muxer = std::string(name_of(options.format)),
        .metadata = source.metadata,
    };
    if (options.format == VideoFormat::kMov) output.options["write_tmcd"] = 0;
    return output;
}

/// Adds sound to a plan: copied, or encoded, behind the tracks that there are.
void add_sound(
    Plan& plan,
    const SoundFacts& facts,
    std::string why_encoded,
    SoundEncoding encoding,
    const Levelling& levelling
) {
    SoundPlan sound;
    sound.read = static_cast<int>(plan.reads.size());
    sound.expects = expectation(facts.told_end, plan.window);
    sound.why_encoded = std::move(why_encoded);
    PlannedTrack track;
    track.language = facts.language;
    if (sound.why_encoded.empty()) {
        sound.copied = std::move(track);
    } else {
        sound.is_mixed = is_mixed_to(encoding.format.layout, facts, plan.warnings);
        sound.branches.push_back({std::move(encoding), {}, std::move(track)});
        sound.loudness = loudness_target(levelling, sound.branches);
    }
    plan.reads.push_back({.stream = facts.stream});
    plan.sounds.push_back(std::move(sound));
}

/// Adds subtitles: to the picture, or as a track behind the others and a file beside the output.
void add_text(Plan& plan, const TextFacts& facts, const VideoOptions& options) {
    TextPlan text;
    text.read = static_cast<int>(plan.reads.size());
    text.codec = facts.codec;
    text.size = plan.pictures.front().treatment.placement.canvas;
    if (options.burns_in()) {
        text.burnt_into = 0;
    } else {
        const bool is_webm = options.format == VideoFormat::kWebm;
        TextBranch track{.form = is_webm ? TextForm::kWebvtt : TextForm::kMovText};
        track.track.language = facts.language;
        TextBranch beside;
        beside.track.output = static_cast<int>(plan.outputs.size());
        text.branches = {std::move(track), std::move(beside)};
        OutputFile file;
        file.name = kSubtitleFile;
        file.muxer = "webvtt";
        plan.outputs.push_back(std::move(file));
    }
    plan.reads.push_back(read_of(facts));
    plan.texts.push_back(std::move(text));
}

/// FLAC has eight channels at most, and names for all of them.
std::string flac_layout(const SoundFacts& facts) {
    const bool is_unnamed =
        facts.layout.starts_with("ambisonic") || facts.layout.ends_with("channels");
    if (is_unnamed && facts.channels > 2) return "stereo";
    return facts.channels > 8 ? "7.1" : facts.layout;
}

/// Ends a window after so many seconds at the latest.
void end_after(double seconds, const SourceFacts& source, Window& window) {
    const double end = window.start + seconds;
    if (!window.end || end < *window.end) window.end = end;
    const double length = *window.end - window.start;
    const bool is_known = window.duration && source.is_duration_sure;
    window.duration = is_known ? std::min(*window.duration, length) : length;
}

/// How pictures that are not copied are timed and treated.
void plan_frames(PicturePlan& plan, const PictureFacts& facts, const VideoOptions& options) {
    const Ratio fps = options.fps ? rate_as_ratio(*options.fps) : nominal_rate(facts.fps);
    if (options.fps) plan.cadence.emplace();
    const bool is_irregular = facts.is_irregular && !plan.cadence;
    plan.clock = is_irregular ? media::irregular_clock(fps) : media::clock_for(fps);
    if (options.frames) plan.most_frames = *options.frames;
    plan.treatment = plan_treatment(facts, options);
    // A film of fields can give more pictures than it has frames.
    plan.treatment.is_field_rate = options.fps && *options.fps > 1.2 * facts.fps.value();
    decide_steps(plan.treatment, shape_of(facts));
}

Result<PicturePlan> plan_picture(
    const PictureFacts& facts, const VideoOptions& options, const Limits& limits
) {
    PicturePlan plan;
    plan.why_encoded = reason_not_to_copy(facts, options);
    plan_frames(plan, facts, options);
    PlannedTrack track;
    track.language = facts.language;
    const bool is_steady = facts.is_steady || plan.cadence;
    if (plan.why_encoded.empty()) {
        if (is_steady) track.frame_rate = plan.clock.fps;
        plan.copied = std::move(track);
        return plan;
    }
    const Size size = plan.treatment.placement.canvas;
    const auto codec = options.chosen_codec();
    TRY(check_output_size(size, limits, kLongestVideoSide, name_of(codec)));
    auto encoding = TRY(picture_encoding({
        .codec = codec,
        .quality = options.quality.value_or(Quality::kMedium),
        .bitrate = options.bitrate,
        .size = size,
        .fps = plan.clock.fps,
        .ticks = plan.clock.ticks,
        .colour = plan.treatment.colour,
    }));
    if (is_steady) track.frame_rate = Ratio{encoding.fps_num, encoding.fps_den};
    PictureBranch branch;
    branch.encoding = std::move(encoding);
    branch.track = std::move(track);
    plan.branches.push_back(std::move(branch));
    return plan;
}

}  // namespace

Expectation expectation(const std::optional<double>& told_end, const Window& window) {
    if (!told_end) return {};
    const double end = std::min(*told_end, window.end.value_or(*told_end));
    return {.seconds = std::max(0.0, end - window.start)};
}

PlannedRead read_of(const PictureFacts& facts) {
    // Each thread holds pictures: fewer for very large ones.
    const auto pixels = facts.stored.pixels();
    const int most = pixels > 20'000'000 ? 4 : 8;
    const int threads = pixels < 4096 ? 1 : std::clamp(machine_cores() + 1, 1, most);
    return {.stream = facts.stream, .threads = threads};
}

PlannedRead read_of(const TextFacts& facts) {
    PlannedRead read;
    read.input = facts.input;
    read.as = ReadAs::kText;
    read.stream = facts.stream;
    return read;
}

std::optional<LoudnessTarget> loudness_target(
    const Levelling& options, const std::vector<SoundBranch>& branches
) {
    const auto target = options.target();
    if (!target) return std::nullopt;
    return LoudnessTarget{.lufs = *target, .most_dbtp = most_true_peak(branches)};
}

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

Result<Plan> plan_video(
    const VideoOptions& options,
    const SourceFacts& source,
    const std::string& name,
    const Limits& limits
) {
    Plan plan = TRY(plan_of_part(options, source));
    PicturePlan picture = TRY(plan_picture(*source.picture, options, limits));
    if (options.frames && options.fps)
        end_after(*options.frames / picture.clock.fps.value(), source, plan.window);
    if (picture.cadence) TRY(check_frames(plan.window, picture.clock.fps, limits));
    picture.expects = expectation(source.picture->told_end, plan.window);
    plan.reads.push_back(read_of(*source.picture));
    plan.pictures.push_back(std::move(picture));
    if (source.sound && !options.no_audio) {
        const Quality quality = options.quality.value_or(Quality::kMedium);
        add_sound(
            plan, *source.sound, reason_not_to_copy(*source.sound, options),
            video_sound_encoding(options.format, quality, *source.sound), options
        );
    } else if (options.normalize) {
        plan.warnings.emplace_back(kNothingToNormalize);
    }
    plan.outputs.push_back(plan_output(options, source, name));
    if (source.text) add_text(plan, *source.text, options);
    if (options.format != VideoFormat::kWebm)
        plan.outputs.front().moov_size = reserve_for(plan, source);
    return plan;
}

Result<Plan> plan_audio(
    const AudioOptions& options, const SourceFacts& source, const std::string& name
) {
    Plan plan = TRY(plan_of_part(options, source));
    const SoundFacts& facts = *source.sound;
    const AudioFormat format = options.chosen_format();
    auto encoding =
        sound_encoding(format, options.quality.value_or(Quality::kMedium), options.bitrate, facts);
    if (format == AudioFormat::kFlac) encoding.format.layout = flac_layout(facts);
    if (options.bitrate && encoding.bitrate && *encoding.bitrate != *options.bitrate) {
        plan.warnings.push_back(fmt::format(
            "bitrate is {}, and the nearest that {} takes for this sound is {}", *options.bitrate,
            name_of(format), *encoding.bitrate
        ));
    }
    add_sound(plan, facts, reason_not_to_copy(facts, options), std::move(encoding), options);
    OutputFile output{.name = name, .muxer = muxer_of(format), .metadata = source.metadata};
    if (format == AudioFormat::kWav) output.options["rf64"] = "auto";
    plan.outputs.push_back(std::move(output));
    return plan;
}

}  // namespace ittybit::tasks
