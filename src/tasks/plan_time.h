#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/timing.h"
#include "model/limits.h"
#include "model/options.h"
#include "model/plan.h"
#include "tasks/source_facts.h"

/// What a plan says on time, and how the stages take it.
namespace ittybit::tasks {

/// Judges start and end against a source's duration; a clamped end is a warning. A duration that
/// is only claimed (not `is_sure`) judges nothing. Errors: `start_out_of_range`.
Result<Window> plan_window(
    const Span& span,
    std::optional<double> duration,
    std::vector<std::string>& warnings,
    bool is_sure = true
);

/// The beginning of a plan of the part of a source that is asked for. Errors: `start_out_of_range`.
Result<Plan> plan_of_part(const Span& span, const SourceFacts& source);

/// Whether so many frames at a constant rate are allowed, where the length is known. Errors:
/// `limit_exceeded` (frames).
Result<> check_frames(const Window& window, Ratio fps, const Limits& limits);

media::Cut cut_of(const Window& window);

/// The part that a plan makes: of its window, or its piece of that.
media::Cut cut_of(const Plan& plan);

/// What must be read for it. In front of a piece come pictures whose neighbours those of the piece
/// are: filters see some, and the first one read is never of the piece.
Window reading_of(const Plan& plan);

/// Ticks of the picture's clock, of a plan without a piece those of the whole: where a piece ends;
/// and from where on and up to where pictures are treated for its sake.
std::int64_t end_of_piece(const Plan& plan);
std::int64_t first_tick(const Plan& plan);
std::int64_t last_tick(const Plan& plan);

}  // namespace ittybit::tasks
