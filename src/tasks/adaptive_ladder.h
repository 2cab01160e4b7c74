#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/geometry.h"
#include "model/options.h"

/// Which renditions an adaptive stream has. Decided from the picture's size, and from what its film
/// was measured to need, without media.
namespace ittybit::tasks {

/// One rendition: a size and the settings of capped constant quality behind it.
struct Rung {
    std::string name;  // "720p", by the short side; "720p-av1"
    VideoCodec codec = VideoCodec::kH264;
    Size size;                // even sides, as far as fits_level allows
    int every = 1;            // of the pictures; 2: half the frame rate
    std::string preset = {};  // of the encoder
    std::string tuning = {};  // of x264: further parameters, "trellis=1"
    double crf = 23;
    int max_bitrate = 0;  // bits per second, enforced over `buffer_bits`
    int buffer_bits = 0;
    double awaited = 0;  // bits per second without the cap, where the film was measured
    bool operator==(const Rung&) const = default;
};

/// How many bits the pictures of a film need, as short encodes of parts of it told: the rates
/// (bits per second, at the ladder's rate of pictures) that x264 takes at its fastest preset and
/// a constant rate factor of kCrf, at two sizes.
struct Demand {
    static constexpr double kCrf = 23;
    struct Sample {
        Size size;
        double bitrate = 0;
        bool operator==(const Sample&) const = default;
    };
    Sample large;
    Sample small;

    /// The power of their area that pictures' rates grow with: low for soft ones, whose size has
    /// little to show.
    double growth() const;
    /// The rate at a size between the two or beside.
    double bitrate_at(Size size) const;
    bool operator==(const Demand&) const = default;
};

/// The renditions for a picture of size `top` (display pixels, what the best rendition has, as far
/// as the codec's lines, 1080 of H.264 and 2160 of others, and its level allow) at `fps` frames a
/// second, best first, at least two. Below it short sides of 1440, 1080, 720, 480, 360, 240, each
/// at least 1.15 times smaller than the one above; last one of at most 192 kb/s with its sound
/// (Apple's authoring specification, 9.21). Up to 432 lines at no more than 30 frames a second.
/// With the film's demand a hard one has more bits and an easy one a higher factor on top, and a
/// rung whose rate would not be 1.3 times that of the one below, or of which the one above is not
/// 1.3 times, gives way: neither the first nor the last.
std::vector<Rung> plan_ladder(
    Size top,
    double fps,
    Quality quality,
    VideoCodec codec = VideoCodec::kH264,
    const std::optional<Demand>& demand = std::nullopt
);

/// Whether the highest level that players know allows such pictures at this rate: of H.264 4.2
/// (ITU-T H.264, table A-1), of H.265 and AV1 5.1 (ITU-T H.265, table A.8, which is within AV1's
/// annex A.3).
bool fits_level(Size size, double fps, VideoCodec codec = VideoCodec::kH264);

/// The largest picture for a box that a source is fitted into such that no pixel is made up: `box`
/// itself, or smaller in the same proportions when `source` would be enlarged in it.
Size without_enlarging(Size box, Size source, Fit fit);

}  // namespace ittybit::tasks
