#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/limits.h"
#include "model/options.h"
#include "model/plan.h"

/// The plan of an animation task, decided from facts and options.
namespace ittybit::tasks {

/// What of the source decides how an animation is made.
struct AnimationSource {
    Size display;
    std::optional<double> duration = {};  // seconds; nothing for a still or when not known
    bool is_duration_sure = true;
    PlannedRead read;
    Treatment treatment;                      // of its pictures, whatever the size
    int loop = 0;                             // how often it plays; 0 for ever
    std::optional<double> told_end = {};      // seconds from the origin, by the source's tables
    std::optional<std::int64_t> frames = {};  // of the whole, where they are counted
};

/// `name` is the output file's. Its filters are decided by the caller, who knows the shape. Errors:
/// `start_out_of_range`, `limit_exceeded`.
Result<Plan> plan_animation(
    const AnimationOptions& options,
    const AnimationSource& source,
    const std::string& name,
    const Limits& limits
);

}  // namespace ittybit::tasks
