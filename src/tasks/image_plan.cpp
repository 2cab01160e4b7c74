#include "tasks/image_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "tasks/image_quality.h"

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

json::array json_of(Size size) {
    return {size.width, size.height};
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

Result<ImagePlan> plan_image(
    const ImageOptions& options, const SourcePicture& source, const Limits& limits
) {
    const ImageFormat format = options.format.value_or(default_image_format(source.format));
    ImagePlan plan;
    plan.save = image_settings(format, options.quality.value_or(Quality::kMedium));
    plan.placement = place(source.display, options);
    plan.save.has_few_colours = source.has_few_colours && plan.placement.scaled == source.display;
    plan.can_be_transparent = format != ImageFormat::kJpeg;
    plan.padding = options.background.value_or(plan.can_be_transparent ? kClear : kBlack);
    plan.flattening = options.background.value_or(kWhite);
    if (!plan.can_be_transparent) plan.padding.alpha = 255;

    const Size scaled = plan.placement.scaled;
    plan.shrink_by = shrink_on_load(source.display, scaled);
    plan.stored_scaled = source.is_turned ? Size{scaled.height, scaled.width} : scaled;
    const int longest = image::longest_side(format);
    TRY(check_output_size(plan.placement.canvas, limits, longest, name_of(format)));
    TRY(check_output_size(scaled, limits, INT32_MAX, name_of(format)));
    return plan;
}

json::value ImagePlan::to_json() const {
    json::object plan{
        {"format", name_of(save.format)},
        {"encoder", {{"quality", save.quality}, {"effort", save.effort}}},
        {"decode_shrunk_by", shrink_by},
        {"scale_to", json_of(placement.scaled)},
        {"size", json_of(placement.canvas)},
    };
    if (placement.is_cropped())
        plan["crop"] = json::array{
            placement.kept.left, placement.kept.top, placement.kept.width, placement.kept.height
        };
    if (placement.is_padded()) {
        plan["place_at"] = json::array{placement.left, placement.top};
        plan["padding"] = padding.to_json_value();
    }
    if (!can_be_transparent) plan["flatten_on"] = flattening.to_json_value();
    return plan;
}

}  // namespace ittybit::tasks
