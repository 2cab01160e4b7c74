#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.h"
#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"
#include "tasks/source_facts.h"

/// The plans of video and audio tasks, decided from facts and options.
namespace ittybit::tasks {

/// Whether sound of a source is mixed to another layout, which is then said in `warnings`.
bool is_mixed_to(
    const std::string& layout, const SoundFacts& facts, std::vector<std::string>& warnings
);

/// Why the stream cannot be copied into the output that the options ask for; empty when it can.
/// Looks at `packets` only when all else fits, so that they can be filled in on demand.
std::string reason_not_to_copy(const PictureFacts& facts, const VideoOptions& options);
std::string reason_not_to_copy(const SoundFacts& facts, const VideoOptions& options);
std::string reason_not_to_copy(const SoundFacts& facts, const AudioOptions& options);

/// Reads the packets of streams that may be copied, when nothing else speaks against it; a plan
/// that only explains guesses instead what is not there yet, and warns of it. The job's input is
/// open. Errors: those of the source.
Result<> look_at_packets(const VideoOptions& options, const Job& job, SourceFacts& source);
Result<> look_at_packets(const AudioOptions& options, const Job& job, SourceFacts& source);

/// The plan of a video task. `name` is the output file's. Errors: `start_out_of_range`,
/// `encode_failed`, `limit_exceeded`.
Result<Plan> plan_video(
    const VideoOptions& options,
    const SourceFacts& source,
    const std::string& name,
    const Limits& limits
);

/// The plan of an audio task; the source has sound. Errors as above.
Result<Plan> plan_audio(
    const AudioOptions& options, const SourceFacts& source, const std::string& name
);

inline constexpr std::string_view kNothingToNormalize = "the input has no sound to normalize";

/// The loudness that the sound of a plan is brought to, where the options want one.
std::optional<LoudnessTarget> loudness_target(
    const Levelling& options, const std::vector<SoundBranch>& branches
);

/// What is expected of a stream whose tables say that it ends at `told_end` seconds.
Expectation expectation(const std::optional<double>& told_end, const Window& window);

/// How the pictures of a stream are read.
PlannedRead read_of(const PictureFacts& facts);
PlannedRead read_of(const TextFacts& facts);

}  // namespace ittybit::tasks
