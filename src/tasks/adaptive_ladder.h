#pragma once

#include <string>
#include <vector>

#include "model/geometry.h"
#include "model/options.h"

/// Which renditions an adaptive stream has. Decided from the picture's size alone, without media.
namespace ittybit::tasks {

/// One rendition: a size and the settings of capped constant quality behind it.
struct Rung {
    std::string name;  // "720p", by the short side; "720p-av1"
    VideoCodec codec = VideoCodec::kH264;
    Size size;                // even sides, as far as fits_level allows
    int every = 1;            // of the pictures; 2: half the frame rate
    std::string preset = {};  // of x264
    double crf = 23;
    int max_bitrate = 0;  // bits per second, enforced over `buffer_bits`
    int buffer_bits = 0;
    bool operator==(const Rung&) const = default;
};

/// The renditions for a picture of size `top` (display pixels, what the best rendition has, as far
/// as the codec's lines, 1080 of H.264 and 2160 of others, and its level allow) at `fps` frames a
/// second, best first, at least two. Below it short sides of 1440, 1080, 720, 480, 360, 240, each
/// at least 1.15 times smaller than the one above; last one of at most 192 kb/s with its sound
/// (Apple's authoring specification, 9.21). Up to 432 lines at no more than 30 frames a second.
std::vector<Rung> plan_ladder(
    Size top, double fps, Quality quality, VideoCodec codec = VideoCodec::kH264
);

/// Whether the highest level that players know allows such pictures at this rate: of H.264 4.2
/// (ITU-T H.264, table A-1), of H.265 and AV1 5.1 (ITU-T H.265, table A.8, which is within AV1's
/// annex A.3).
bool fits_level(Size size, double fps, VideoCodec codec = VideoCodec::kH264);

/// The largest picture for a box that a source is fitted into such that no pixel is made up: `box`
/// itself, or smaller in the same proportions when `source` would be enlarged in it.
Size without_enlarging(Size box, Size source, Fit fit);

}  // namespace ittybit::tasks
