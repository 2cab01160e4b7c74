#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/animation_writer.h"
#include "image/gif_writer.h"
#include "media/timing.h"
#include "model/limits.h"
#include "model/options.h"
#include "model/placement.h"
#include "tasks/plan.h"
#include "tasks/rgb_frames.h"

namespace ittybit::tasks {

/// What of the source decides how an animation is made.
struct AnimationSource {
    Size display;
    std::optional<double> duration;  // seconds; nothing for a still or when not known
    bool is_still = false;
    RgbTreatment treatment;
    int loop = 0;  // how often it plays; 0 for ever
};

/// Every decision about one animation.
struct AnimationPlan {
    AnimationFormat format = AnimationFormat::kGif;
    TimePlan time;
    media::PictureClock clock;
    Placement placement;
    RgbTreatment treatment;
    Colour padding;
    image::GifSettings gif;         // for format gif
    image::AnimationSettings webp;  // for format webp
    std::vector<std::string> warnings;

    json::value to_json() const;  // for --explain
};

/// Errors: `start_out_of_range`, `limit_exceeded`.
Result<AnimationPlan> plan_animation(
    const AnimationOptions& options, const AnimationSource& source, const Limits& limits
);

/// The filters from a decoded picture to the finished frame.
std::vector<media::FilterStep> frame_steps(
    const AnimationPlan& plan, const media::PictureShape& shape
);

}  // namespace ittybit::tasks
