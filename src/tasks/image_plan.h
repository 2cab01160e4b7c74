#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "image/save.h"
#include "model/limits.h"
#include "model/options.h"
#include "model/placement.h"

namespace ittybit::tasks {

/// What of a source picture decides how it is treated.
struct SourcePicture {
    std::string_view format;  // the sniffer's word; of a film, the container's
    Size display;             // after orientation, square pixels
    bool is_turned = false;   // orientation swaps the stored sides
    bool has_few_colours = false;
};

/// Every decision about one image, made before a pixel is read.
struct ImagePlan {
    image::SaveSettings save;
    Placement placement;
    Size stored_scaled;  // placement.scaled, as the sides are stored
    int shrink_by = 1;   // how much smaller the decoder may make it
    Colour padding;      // behind the picture on its canvas
    Colour flattening;   // what transparency is laid on when the format has none
    bool can_be_transparent = false;

    json::value to_json() const;  // for --explain
};

/// Errors: `limit_exceeded` when the result would be larger than allowed, or than its format can
/// be.
Result<ImagePlan> plan_image(
    const ImageOptions& options, const SourcePicture& source, const Limits& limits
);

/// The format that a source's picture is written in when none is asked for: its own where we write
/// it, else jpeg.
ImageFormat default_image_format(std::string_view source_format);

/// Errors: `limit_exceeded`.
Result<> check_output_size(
    Size size, const Limits& limits, int longest_side, std::string_view format
);

}  // namespace ittybit::tasks
