#pragma once

#include "model/options.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// A video of an animated picture that libav cannot read (WebP): its frames come from libwebp.
/// Errors: `no_video_stream` when it has one frame only, and those of `run(VideoOptions)`.
Result<Finished> run_drawn_video(const VideoOptions& options, const std::string& name, Job& job);

}  // namespace ittybit::tasks
