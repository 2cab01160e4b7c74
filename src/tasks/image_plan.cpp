#include "tasks/image_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "image/save.h"
#include "tasks/image_quality.h"
#include "tasks/image_steps.h"
#include "tasks/rgb_frames.h"

namespace ittybit::tasks {
namespace {

constexpr Colour kBlack = {0, 0, 0, 255};
constexpr Colour kWhite = {255, 255, 255, 255};
constexpr Colour kClear = {0, 0, 0, 0};

/// Decoders shrink roughly: they leave a factor of two to the scaler, which does it well.
int shrink_on_load(Size display, Size scaled) {
    const double by =
        std::min(1.0 * display.width / scaled.width, 1.0 * display.height / scaled.height);
    return std::max(1, static_cast<int>(by / 2));
}

/// What every picture goes through, in this order. Scaling comes early, so that all that follows
/// has few pixels to work on. Nothing is laid on `flattening` where the format is transparent.
std::vector<FilterStep> plan_steps(
    const Placement& placement,
    Size stored,
    const Colour& padding,
    const std::optional<Colour>& flattening
) {
    const auto add = [](std::vector<FilterStep>& steps, const char* name, json::value options) {
        steps.push_back({name, std::move(options.as_object())});
    };
    std::vector<FilterStep> steps;
    add(steps, "mix", json::object());
    add(steps, "resize", to_json(stored));
    add(steps, "orient", json::object());
    if (placement.is_cropped()) add(steps, "crop", to_json(placement.kept));
    add(steps, "srgb", json::object());
    if (flattening) add(steps, "flatten", json::object{{"colour", flattening->to_json_value()}});
    if (placement.is_padded()) {
        const PaddingOptions options{placement.canvas, placement.left, placement.top, padding};
        add(steps, "pad", to_json(options));
    }
    add(steps, "strip", json::object());
    return steps;
}

}  // namespace

ImageFormat default_image_format(std::string_view source_format) {
    if (source_format == "apng") return ImageFormat::kPng;
    return find_named<ImageFormat>(source_format).value_or(ImageFormat::kJpeg);
}

Result<> check_output_size(
    Size size, const Limits& limits, int longest_side, std::string_view format
) {
    if (static_cast<std::int64_t>(size.width) * size.height > limits.pixels) {
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "the result would be {}×{}, more than the {} pixels allowed: ask for a smaller one",
                size.width, size.height, limits.pixels
            ),
            "", LimitReached{"pixels", static_cast<double>(limits.pixels)}
        };
    }
    if (std::max(size.width, size.height) > longest_side) {
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "the result would be {}×{}, and {} has at most {} pixels a side: ask for a smaller "
                "one or another format",
                size.width, size.height, format, longest_side
            ),
            "", LimitReached{"longest_side", static_cast<double>(longest_side)}
        };
    }
    return {};
}

Result<Plan> plan_image(
    const ImageOptions& options,
    const SourcePicture& source,
    const std::string& stem,
    const Limits& limits
) {
    const ImageFormat format = options.format.value_or(default_image_format(source.format));
    const Placement placement = place(source.display, options);
    const Size scaled = placement.scaled;
    TRY(check_output_size(placement.canvas, limits, image::longest_side(format), name_of(format)));
    TRY(check_output_size(scaled, limits, INT32_MAX, name_of(format)));

    PictureBranch branch;
    branch.image = image_settings(format, options.quality.value_or(Quality::kMedium));
    branch.image->has_few_colours = source.has_few_colours && scaled == source.display;
    branch.image->size = placement.canvas;
    const bool can_be_transparent = format != ImageFormat::kJpeg;
    Colour padding = options.background.value_or(can_be_transparent ? kClear : kBlack);
    std::optional<Colour> flattening;
    if (!can_be_transparent) {
        padding.alpha = 255;
        flattening = options.background.value_or(kWhite);
    }
    const Size stored = source.is_turned ? Size{scaled.height, scaled.width} : scaled;
    branch.steps = plan_steps(placement, stored, padding, flattening);

    Plan plan;
    plan.reads.push_back(source.read);
    plan.reads.front().shrink_by = shrink_on_load(source.display, scaled);
    if (source.read.as == ReadAs::kFrame && !source.read.is_still)
        plan.window.start = options.start;
    PicturePlan picture;
    picture.why_encoded = "pictures are written anew";
    picture.treatment = rgb_treatment(stored, false);
    picture.branches.push_back(std::move(branch));
    plan.pictures.push_back(std::move(picture));
    const std::string_view word = name_of(format);
    plan.outputs.push_back({
        .name = fmt::format("{}.{}", stem, word),
        .muxer = std::string(word),
        .options = {},
        .metadata = {},
    });
    return plan;
}

}  // namespace ittybit::tasks
