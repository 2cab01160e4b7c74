#pragma once

#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"
#include "tasks/source_facts.h"

namespace ittybit::tasks {

/// A sound file, or a waveform, out of anything that has sound. Errors: `no_audio_stream`,
/// `unsupported_media`, `corrupt_media`, `start_out_of_range`, `encode_failed`.
Result<Plan> plan(const AudioOptions& options, Job& job);

/// The facts of the job's input without its pictures. Errors: `no_audio_stream`, also of a still;
/// `unsupported_media`, `corrupt_media`, those of the source.
Result<SourceFacts> facts_of_sound(Job& job);

}  // namespace ittybit::tasks
