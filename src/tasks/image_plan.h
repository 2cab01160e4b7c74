#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "model/options.h"
#include "model/plan.h"

namespace ittybit::tasks {

/// What of a source picture decides how it is treated.
struct SourcePicture {
    std::string_view format;  // the sniffer's word; of a film, the container's
    Size display;             // after orientation, square pixels
    bool is_turned = false;   // orientation swaps the stored sides
    bool has_few_colours = false;
    PlannedRead read;
};

/// Every decision about one image, made before a pixel is read: what it is shrunk by while it is
/// read, the steps of libvips, the encoder. `stem` begins the output's name. Errors:
/// `limit_exceeded` when the result would be larger than allowed, or than its format can be.
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

}  // namespace ittybit::tasks
