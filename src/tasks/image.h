#pragma once

#include "model/options.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// One picture from an image, from a film (the frame on screen at `start`) or from a sound file's
/// cover. Errors: `unsupported_media`, `corrupt_media`, `no_video_stream`, `start_out_of_range`,
/// `limit_exceeded`, `encode_failed`, `output_invalid`, `disk_full`, those of the source.
Result<Finished> run(const ImageOptions& options, Job& job);

}  // namespace ittybit::tasks
