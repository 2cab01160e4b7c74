#include "conformance/extinf.h"

#include <algorithm>

#include <fmt/format.h>

namespace ittybit::conformance {

void DurationCheck::take(
    const manifest::Segment& segment, const manifest::Place& place, double seconds, double frame
) {
    constexpr double kRounding =
        0.001;  // seconds; durations are written to the millisecond at least
    const double off = segment.duration - seconds;
    drift_ += off;
    least_ = std::min(least_, drift_);
    most_ = std::max(most_, drift_);
    if (most_ - least_ <= frame + kRounding) return;
    const bool is_alone = off > frame + kRounding || off < -frame - kRounding;
    report_.add(
        is_alone ? manifest::rule("extinf-accuracy") : manifest::rule("sum-accuracy"), place,
        is_alone ? fmt::format("EXTINF {:.6f} for {:.6f} s of media", segment.duration, seconds)
                 : fmt::format(
                       "up to here the durations are {:.6f} s off, a frame lasts {:.6f} s",
                       most_ - least_, frame
                   )
    );
    start_anew();
}

}  // namespace ittybit::conformance
