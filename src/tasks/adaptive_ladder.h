#pragma once

#include <string>
#include <vector>

#include "model/geometry.h"
#include "model/options.h"

/// Which renditions an adaptive stream has. Decided from the picture's size alone, without media.
namespace ittybit::tasks {

/// One rendition: a size and the settings of capped constant quality behind it.
struct Rung {
    std::string name;  // "720p", by the short side
    Size size;         // even sides, at most H.264 level 4.2
    double crf = 23;
    int max_bitrate = 0;  // bits per second, enforced over `buffer_bits`
    int buffer_bits = 0;
    bool operator==(const Rung&) const = default;
};

/// The renditions for a picture of size `top` (display pixels, what the best rendition may have at
/// most) at `fps` frames a second, best first, never empty. Short sides 1080, 720, 480, 360, 240;
/// the size of `top` itself comes first when it is under 1080 and at least 1.15 times the next.
std::vector<Rung> plan_ladder(Size top, double fps, Quality quality);

/// Whether H.264 level 4.2 allows such pictures at this rate (ITU-T H.264, table A-1).
bool fits_level_42(Size size, double fps);

/// The largest picture for a box that a source is fitted into such that no pixel is made up: `box`
/// itself, or smaller in the same proportions when `source` would be enlarged in it.
Size without_enlarging(Size box, Size source, Fit fit);

}  // namespace ittybit::tasks
