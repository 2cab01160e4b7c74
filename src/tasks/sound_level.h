#pragma once

#include <optional>
#include <string>
#include <vector>

#include "media/loudness.h"
#include "media/pipeline.h"
#include "model/file.h"
#include "model/plan.h"
#include "tasks/job.h"

/// What happens to sound between decoding and encoding; and, where it is to have one loudness (EBU
/// R 128), the first pass over it that measures what the second changes.
namespace ittybit::tasks {

/// What the first pass finds.
struct SoundLevel {
    media::Loudness input;  // of the sound as it will be mixed
    double gain_db = 0;
    bool is_limited = false;  // with the gain alone its peaks would be too high
};

/// For each of a plan's sounds its level, where one is wanted.
using SoundLevels = std::vector<std::optional<SoundLevel>>;

/// How much of a task's progress is measuring, from 0 to 1.
double measuring_share(const Plan& plan);

/// Decodes what is to be measured, within the window, with a reader of its own. Errors: those of
/// reading and decoding.
Result<SoundLevels> measure_levels(const Plan& plan, Job& job);

struct SoundStages {
    media::Sink<media::Frame>& first;
    const media::LoudnessMeter* meter = nullptr;  // of what is encoded, where there is a level
};

/// Builds the stages that bring decoded sound to its encoders' format, mixed to fewer channels
/// where it has more, and to a level where there is one.
SoundStages add_mixing(
    media::Pipeline& pipeline,
    const SoundPlan& sound,
    const std::optional<SoundLevel>& level,
    media::Sink<media::Frame>& next
);

/// What is told of a level in the end; what is not as it was wanted, in `warnings`.
LoudnessFacts loudness_facts(
    const LoudnessTarget& target,
    const SoundLevel& level,
    const media::Loudness& output,
    std::vector<std::string>& warnings
);

}  // namespace ittybit::tasks
