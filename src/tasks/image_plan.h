#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "model/options.h"
#include "model/placement.h"
#include "model/plan.h"

namespace ittybit::tasks {

/// How long a film or an animation goes on, in seconds.
struct FilmTime {
    std::optional<double> pictures_end = {};  // by the tables
    std::optional<double> duration = {};      // of picture and sound
    bool is_sure = false;                     // else a claim
};

/// What of a source picture decides how it is treated.
struct SourcePicture {
    std::string_view format;  // the sniffer's word; of a film, the container's
    Size display;             // after orientation, square pixels
    bool is_turned = false;   // orientation swaps the stored sides
    bool has_few_colours = false;
    PlannedRead read;
    std::optional<FilmTime> film = {};  // nothing: there is one picture
};

/// More than a plan may have, of so many seconds where that is known.
Error too_many_pictures(std::optional<double> seconds = {});

/// Every decision about one image, made before a pixel is read: what it is shrunk by while it is
/// read, the steps of libvips, the encoder. `stem` begins the output's name. Errors:
/// `limit_exceeded` when the result would be larger than allowed, or than its format can be, or too
/// many pictures; `start_out_of_range`; `no_video_stream` for many pictures of one.
Result<Plan> plan_image(
    const ImageOptions& options,
    const SourcePicture& source,
    const std::string& stem,
    const Limits& limits
);

/// The format that a source's picture is written in when none is asked for: its own where we write
/// it, else jpeg.
ImageFormat default_image_format(std::string_view source_format);

/// Errors: `limit_exceeded`.
Result<> check_output_size(
    Size size, const Limits& limits, int longest_side, std::string_view format
);

/// The same of what is scaled to be cut (`cover`): of a picture far longer than its canvas that is
/// far more than the result. Errors: `limit_exceeded`.
Result<> check_scaled_size(const Placement& placement, const Limits& limits);

}  // namespace ittybit::tasks
