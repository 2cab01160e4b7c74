#pragma once

#include "model/options.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// Makes a sound file out of anything that has sound. Errors: `no_audio_stream`,
/// `unsupported_media`, `corrupt_media`, `start_out_of_range`, `limit_exceeded`, `encode_failed`,
/// `output_invalid`, `disk_full`.
Result<Finished> run(const AudioOptions& options, Job& job);

}  // namespace ittybit::tasks
