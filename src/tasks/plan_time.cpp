#include "tasks/plan_time.h"

#include <fmt/format.h>

namespace ittybit::tasks {

Result<Window> plan_window(
    const Span& span,
    std::optional<double> duration,
    std::vector<std::string>& warnings,
    bool is_sure
) {
    Window window{.start = span.start.value_or(0), .end = span.end, .duration = {}};
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

PlannedClock planned(const media::PictureClock& clock) {
    return {.ticks = clock.ticks, .fps = {clock.fps.num, clock.fps.den}, .grid = clock.grid};
}

media::PictureClock clock_of(const PlannedClock& clock) {
    return {.ticks = clock.ticks, .fps = {clock.fps.num, clock.fps.den}, .grid = clock.grid};
}

media::Cut cut_of(const Window& window) {
    return {window.start, window.end};
}

}  // namespace ittybit::tasks
