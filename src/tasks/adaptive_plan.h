#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/options.h"
#include "model/plan.h"
#include "tasks/adaptive_ladder.h"
#include "tasks/source_facts.h"

/// The plan of an adaptive_video task, decided from facts and options.
namespace ittybit::tasks {

/// Of the output's options: the name of its DASH manifest, where it has one.
inline constexpr std::string_view kDash = "dash";
/// And where players get the key, where its segments are encrypted on their way out.
inline constexpr std::string_view kKeyUrl = "key_url";

/// The plan for a source with pictures, sound or both: all renditions of the picture come from one
/// decode, and each sound comes at two rates, the low one of which goes with the lowest of them.
/// Texts are beside them. `stem` is the main playlist's name without its extension, which no other
/// playlist may have. `demand` is of the pictures, where they were measured. Errors:
/// `start_out_of_range`, `encode_failed`, `no_video_stream` when nothing is left to stream.
Result<Plan> plan_adaptive(
    const AdaptiveVideoOptions& options,
    const SourceFacts& source,
    const std::string& stem,
    const std::optional<Demand>& demand = std::nullopt
);

/// The constant rate for a source of this rate, 1 to 60: a rate that is usual or the
/// source's own; a variable one gets the next usual one above.
Ratio constant_rate(Ratio average);

}  // namespace ittybit::tasks
