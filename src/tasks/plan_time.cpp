#include "tasks/plan_time.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace ittybit::tasks {
namespace {

/// Ticks beside a piece whose pictures are read and treated, too. Of a constant rate so many that
/// slower branches leave out the same ones as in the whole.
std::int64_t company(const Plan& plan) {
    constexpr double kSeconds = 0.5;
    const auto& [ticks, fps, grid] = plan.pictures.front().clock;
    const auto& cadence = plan.pictures.front().cadence;
    const double unit = cadence ? ticks / fps.value() * cadence->key_grid : 1;
    return std::llround(std::ceil(kSeconds * ticks / unit) * unit);
}

}  // namespace

Result<Window> plan_window(
    const Span& span,
    std::optional<double> duration,
    std::vector<std::string>& warnings,
    bool is_sure
) {
    Window window{.start = span.start.value_or(0), .end = span.end};
    if (duration && is_sure && window.start > 0 && window.start >= *duration) {
        return Error{
            ErrorKind::kStartOutOfRange,
            fmt::format(
                "start is {:.3f} s but the input ends at {:.3f} s; choose an earlier start",
                window.start, *duration
            ),
            "start"
        };
    }
    if (duration && is_sure && window.end && *window.end > *duration) {
        // A few frames are how differently containers count, not a different wish.
        if (*window.end > *duration + 0.1) {
            warnings.push_back(fmt::format(
                "end is {:.3f} s but the input ends at {:.3f} s, so the output ends there",
                *window.end, *duration
            ));
        }
        window.end.reset();
    }
    if (window.end) {
        window.duration = *window.end - window.start;
    } else if (duration && *duration > window.start) {
        window.duration = *duration - window.start;
    }
    return window;
}

Result<Plan> plan_of_part(const Span& span, const SourceFacts& source) {
    Plan plan;
    plan.warnings = source.warnings;
    plan.window = TRY(plan_window(span, source.duration, plan.warnings, source.is_duration_sure));
    return plan;
}

Result<> check_frames(const Window& window, Ratio fps, const Limits& limits) {
    const double frames = window.duration.value_or(0) * fps.value();
    if (frames <= static_cast<double>(limits.frames)) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the output would have {:.0f} frames, more than the {} allowed; choose a part with "
            "start and end, or a lower fps",
            frames, limits.frames
        ),
        "", LimitReached{"frames", static_cast<double>(limits.frames)}
    };
}

media::Cut cut_of(const Window& window) {
    return {window.start, window.end};
}

media::Cut cut_of(const Plan& plan) {
    media::Cut cut = cut_of(plan.window);
    if (!plan.piece) return cut;
    const double ticks = plan.pictures.front().clock.ticks;
    const auto& [number, from, to] = *plan.piece;
    if (to) cut.end = cut.start + static_cast<double>(*to) / ticks;
    cut.start += static_cast<double>(from) / ticks;
    return cut;
}

Window reading_of(const Plan& plan) {
    Window window = plan.window;
    if (!plan.piece) return window;
    window.start += static_cast<double>(first_tick(plan)) / plan.pictures.front().clock.ticks;
    return window;
}

std::int64_t end_of_piece(const Plan& plan) {
    constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
    return plan.piece ? plan.piece->to.value_or(kNever) : kNever;
}

std::int64_t first_tick(const Plan& plan) {
    if (!plan.piece) return 0;
    return std::max<std::int64_t>(0, plan.piece->from - company(plan));
}

std::int64_t last_tick(const Plan& plan) {
    constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
    const auto end = end_of_piece(plan);
    return end == kNever ? kNever : end + company(plan);
}

}  // namespace ittybit::tasks
