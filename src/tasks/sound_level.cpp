#include "tasks/sound_level.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "media/decoder.h"
#include "media/filters.h"
#include "media/limiter.h"
#include "media/meter.h"
#include "media/timing.h"
#include "tasks/plan_time.h"
#include "tasks/quality.h"
#include "tasks/reading.h"

namespace ittybit::tasks {
namespace {

/// Under the target by more than this is worth a warning.
constexpr double kTolerance = 0.5;  // LU

/// What holding peaks takes away is found by measuring again, so often at most, and given back.
constexpr int kMostPasses = 4;
constexpr double kMostMakeUp = 9;  // dB; more would flatten the sound
constexpr double kNear = 0.1;      // LU

/// The format that sound is mixed, measured and levelled in.
SoundFormat mixing_format(const SoundPlan& sound) {
    SoundFormat format = sound.branches.front().encoding->format;
    format.sample_format = "fltp";
    return format;
}

SoundLevel level_for(const LoudnessTarget& target, const media::Loudness& input) {
    SoundLevel level{.input = input};
    if (!input.lufs || !input.dbtp) return level;
    level.gain_db = target.lufs - *input.lufs;
    level.is_limited = *input.dbtp + level.gain_db > target.most_dbtp;
    return level;
}

/// The loudness of the sound once it has this level. `pass` counts from 0: each tells half of the
/// progress that is left.
Result<media::Loudness> measure(
    const Plan& plan, const SoundPlan& sound, Job& job, const SoundLevel& level, int pass
) {
    const PlannedRead& read = plan.read_at(sound.read);
    const media::Input& input = *TRY(open_media(job, read));
    const auto reader = TRY(input.reopen());
    media::Meter progress(plan.window.duration, [&](const media::Meter::Reading& reading) {
        Progress told;
        const double left = std::pow(0.5, pass);
        if (reading.percent)
            told.percent = (100 * (1 - left) + *reading.percent * left / 2) * measuring_share(plan);
        job.events.progress(told);
    });
    const int output = progress.add_output();

    media::Pipeline pipeline;
    media::LoudnessMeter meter;
    media::Sink<media::Frame>* first = &meter;
    if (level.is_limited) {
        const double most = sound.loudness->most_dbtp;
        first = &pipeline.make<media::Limiter>(most, start_room(sound.branches), *first);
    }
    if (level.gain_db != 0) first = &pipeline.make<media::Gain>(level.gain_db, *first);
    media::Resample mixer(mixing_format(sound), *first, /*is_limited=*/true);
    media::Soundtrack soundtrack(
        reader->time_of(read.stream), cut_of(plan.window), job.limits(), mixer
    );
    const auto decoder = TRY(media::Decoder::open(*reader, read.stream, {}, soundtrack));
    const AVRational time_base = reader->stream(read.stream).time_base;
    TRY(read_window(
        *reader, plan.window, read.stream, {{read.stream, decoder.get()}},
        [&](const AVPacket& packet) {
            progress.moved();
            if (packet.pts != media::kNoTime) {
                const double at = reader->seconds(packet.pts, time_base);
                progress.written(output, at - plan.window.start);
            }
            return false;
        }
    ));
    return meter.loudness();
}

Result<SoundLevel> find_level(const Plan& plan, const SoundPlan& sound, Job& job) {
    const LoudnessTarget& target = *sound.loudness;
    SoundLevel level = level_for(target, TRY(measure(plan, sound, job, {}, 0)));
    const double most = level.gain_db + kMostMakeUp;
    for (int pass = 1; level.is_limited && pass < kMostPasses; ++pass) {
        const auto held = TRY(measure(plan, sound, job, level, pass));
        const double missing = target.lufs - held.lufs.value_or(target.lufs);
        if (missing < kNear) break;
        level.gain_db = std::min(level.gain_db + missing, most);
    }
    return level;
}

std::optional<double> rounded(const std::optional<double>& value) {
    if (!value) return std::nullopt;
    return std::round(*value * 100) / 100;
}

}  // namespace

double measuring_share(const Plan& plan) {
    const auto is_measured = [](const SoundPlan& sound) { return sound.loudness.has_value(); };
    if (std::ranges::none_of(plan.sounds, is_measured)) return 0;
    const auto is_encoded = [](const PicturePlan& picture) { return !picture.copied; };
    return std::ranges::any_of(plan.pictures, is_encoded) ? 0.05 : 0.3;
}

Result<SoundLevels> measure_levels(const Plan& plan, Job& job) {
    SoundLevels levels(plan.sounds.size());
    for (std::size_t i = 0; i < levels.size(); ++i)
        if (plan.sounds[i].loudness) levels[i] = TRY(find_level(plan, plan.sounds[i], job));
    return levels;
}

SoundStages add_mixing(
    media::Pipeline& pipeline,
    const SoundPlan& sound,
    const std::optional<SoundLevel>& level,
    media::Sink<media::Frame>& next
) {
    if (sound.branches.front().waveform) return {next};  // which takes any
    const SoundEncoding& encoding = *sound.branches.front().encoding;
    media::Sink<media::Frame>* first = &pipeline.make<media::Resample>(encoding.format, next);
    if (!sound.is_mixed && !level) return {*first};
    const media::LoudnessMeter* meter = nullptr;
    if (level) {
        first = &pipeline.make<media::Gain>(-encoder_gain(encoding), *first);
        auto& measured = pipeline.make<media::LoudnessMeter>(first);
        meter = &measured;
        first = &measured;
    }
    if (sound.is_mixed || level->is_limited) {
        const double most = level ? sound.loudness->most_dbtp : most_true_peak(sound.branches);
        first = &pipeline.make<media::Limiter>(most, start_room(sound.branches), *first);
    }
    if (level) first = &pipeline.make<media::Gain>(level->gain_db, *first);
    return {
        pipeline.make<media::Resample>(mixing_format(sound), *first, /*is_limited=*/true), meter
    };
}

LoudnessFacts loudness_facts(
    const LoudnessTarget& target,
    const SoundLevel& level,
    const media::Loudness& output,
    std::vector<std::string>& warnings
) {
    if (!level.input.dbtp) {
        warnings.emplace_back("the sound is silent, and was left as it is");
    } else if (!level.input.lufs) {
        warnings.emplace_back(
            "the sound is too short or too quiet to have a loudness, and was left as it is"
        );
    } else if (level.is_limited && output.lufs && *output.lufs < target.lufs - kTolerance) {
        warnings.push_back(fmt::format(
            "the sound came to {:.1f} LUFS and not to {:.1f}: its peaks leave no room for more",
            *output.lufs, target.lufs
        ));
    }
    return {
        .input_lufs = rounded(level.input.lufs),
        .output_lufs = rounded(output.lufs),
        .input_dbtp = rounded(level.input.dbtp),
        .output_dbtp = rounded(output.dbtp),
        .gain_db = *rounded(level.gain_db),
        .is_limited = level.is_limited,
    };
}

}  // namespace ittybit::tasks
