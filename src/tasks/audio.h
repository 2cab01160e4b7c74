#pragma once

#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// A sound file out of anything that has sound. Errors: `no_audio_stream`, `unsupported_media`,
/// `corrupt_media`, `start_out_of_range`, `encode_failed`.
Result<Plan> plan(const AudioOptions& options, Job& job);

}  // namespace ittybit::tasks
