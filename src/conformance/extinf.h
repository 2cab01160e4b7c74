#pragma once

#include "manifest/playlist.h"

namespace ittybit::conformance {

/// Follows how far the durations of a playlist are from those of its media (Apple 8.1): any run of
/// segments may be off by a frame.
class DurationCheck {
public:
    explicit DurationCheck(manifest::Report& report) : report_(report) {}

    void start_anew() { drift_ = least_ = most_ = 0; }

    /// `seconds`: of the media; `frame`: what it may be off by, seconds.
    void take(
        const manifest::Segment& segment, const manifest::Place& place, double seconds, double frame
    );

private:
    manifest::Report& report_;
    double drift_ = 0;  // so far; and its extremes since what was reported last
    double least_ = 0;
    double most_ = 0;
};

}  // namespace ittybit::conformance
