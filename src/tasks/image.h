#pragma once

#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// One picture from an image, from a film (the frame on screen at `start`) or from a sound file's
/// cover. Errors: `unsupported_media`, `corrupt_media`, `no_video_stream`, `start_out_of_range`,
/// `limit_exceeded`, those of the source.
Result<Plan> plan(const ImageOptions& options, Job& job);

/// Does what such a plan says. Errors: `corrupt_media`, `encode_failed`, `output_invalid`,
/// `disk_full`, those of the source.
Result<Finished> make_image(const Plan& plan, Job& job);

/// Plans and makes; what libvips cannot read of a format it knows, libav sometimes can.
Result<Finished> run(const ImageOptions& options, Job& job);

}  // namespace ittybit::tasks
