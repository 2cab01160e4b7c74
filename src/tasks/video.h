#pragma once

#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// A video for the web out of anything that moves. Errors: `no_video_stream`, `unsupported_media`,
/// `corrupt_media`, `start_out_of_range`, `limit_exceeded`, `encode_failed`.
Result<Plan> plan(const VideoOptions& options, Job& job);

}  // namespace ittybit::tasks
