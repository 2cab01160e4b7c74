#pragma once

#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// A GIF or animated WebP from a film, an animation, or (one frame) a still. Errors:
/// `unsupported_media`, `corrupt_media`, `no_video_stream`, `start_out_of_range`, `limit_exceeded`,
/// those of the source.
Result<Plan> plan(const AnimationOptions& options, Job& job);

}  // namespace ittybit::tasks
