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
    int every = 1;     // of the pictures; 2: half the frame rate
    double crf = 23;
    int max_bitrate = 0;  // bits per second, enforced over `buffer_bits`
    int buffer_bits = 0;
    bool operator==(const Rung&) const = default;
};

/// The renditions for a picture of size `top` (display pixels, what the best rendition has, as far
/// as 1080 lines and the level allow) at `fps` frames a second, best first, at least two. Below it
/// short sides of 720, 480, 360, 240, each at least 1.15 times smaller than the one above; last one
/// of at most 192 kb/s with its sound (Apple's authoring specification, 9.21). Up to 432 lines at
/// no more than 30 frames a second.
std::vector<Rung> plan_ladder(Size top, double fps, Quality quality);

/// Whether H.264 level 4.2 allows such pictures at this rate (ITU-T H.264, table A-1).
bool fits_level_42(Size size, double fps);

/// The largest picture for a box that a source is fitted into such that no pixel is made up: `box`
/// itself, or smaller in the same proportions when `source` would be enlarged in it.
Size without_enlarging(Size box, Size source, Fit fit);

}  // namespace ittybit::tasks
