#pragma once

#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// An HLS stream with CMAF segments: `<stem>.m3u8` last, all other files before it as they close.
/// One decode feeds every rendition. Errors: `no_video_stream`, `no_audio_stream`,
/// `start_out_of_range`, `limit_exceeded`, those of reading.
Result<Plan> plan(const AdaptiveVideoOptions& options, Job& job);

}  // namespace ittybit::tasks
