#pragma once

#include "model/options.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// Makes an HLS stream with CMAF segments: `<stem>.m3u8` last, all other files before it as they
/// close. One decode feeds every rendition. Errors: `no_video_stream`, `start_out_of_range`,
/// `output_invalid`, those of reading and encoding.
Result<Finished> run(const AdaptiveVideoOptions& options, Job& job);

}  // namespace ittybit::tasks
