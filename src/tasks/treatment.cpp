#include "tasks/treatment.h"

#include <fmt/format.h>

#include "media/background.h"
#include "tasks/picture_plan.h"
#include "tasks/rgb_frames.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::PictureShape;

constexpr const char* kYuv = "yuv420p";

std::string or_nothing(const char* name) {
    return name == nullptr ? "" : name;
}

DecodedShape described(const PictureShape& shape) {
    return {
        .size = {shape.width, shape.height},
        .format = or_nothing(av_get_pix_fmt_name(shape.format)),
        .matrix = or_nothing(av_color_space_name(shape.matrix)),
        .range = or_nothing(av_color_range_name(shape.range)),
        .primaries = or_nothing(av_color_primaries_name(shape.primaries)),
        .transfer = or_nothing(av_color_transfer_name(shape.transfer)),
        .is_interlaced = shape.is_interlaced,
    };
}

std::string colour_text(const Colour& colour) {
    return fmt::format(
        "0x{:02x}{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue, colour.alpha
    );
}

void add_turning(std::vector<FilterStep>& steps, const Treatment& treatment) {
    if (treatment.is_mirrored) steps.push_back({"hflip", {}});
    if (treatment.rotation == 90) steps.push_back({"transpose", {{"dir", "clock"}}});
    if (treatment.rotation == 270) steps.push_back({"transpose", {{"dir", "cclock"}}});
    if (treatment.rotation == 180) {
        steps.push_back({"hflip", {}});
        steps.push_back({"vflip", {}});
    }
}

std::vector<FilterStep> all_steps(const Treatment& treatment, const PictureShape& shape) {
    const bool is_yuv = treatment.format == kYuv;
    auto steps = is_yuv ? yuv_steps(treatment, shape) : rgb_steps(treatment, shape);
    add_turning(steps, treatment);
    const Placement& placement = treatment.placement;
    if (placement.is_cropped()) {
        const Rectangle& kept = placement.kept;
        steps.push_back(
            {"crop",
             {{"out_w", kept.width}, {"out_h", kept.height}, {"x", kept.left}, {"y", kept.top}}}
        );
    }
    if (placement.is_padded() && !is_yuv) {
        steps.push_back(
            {"pad",
             {{"width", placement.canvas.width},
              {"height", placement.canvas.height},
              {"x", placement.left},
              {"y", placement.top},
              {"color", colour_text(treatment.padding)}}}
        );
    }
    return steps;
}

}  // namespace

Placement scaled_to(Size size) {
    return {.scaled = size, .kept = {0, 0, size.width, size.height}, .canvas = size};
}

Size scaled_size(const Treatment& treatment) {
    const Size size = treatment.placement.scaled;
    return treatment.rotation % 180 == 0 ? size : Size{size.height, size.width};
}

void decide_steps(Treatment& treatment, const PictureShape& shape) {
    const bool is_flattened = treatment.flatten && treatment.has_alpha;
    const PictureShape seen = is_flattened ? media::Flatten::shape_after(shape) : shape;
    treatment.shape = described(seen);
    treatment.steps = all_steps(treatment, seen);
}

std::vector<FilterStep> steps_for(const Treatment& treatment, const PictureShape& shape) {
    return described(shape) == treatment.shape ? treatment.steps : all_steps(treatment, shape);
}

media::Sink<Frame>& add_treatment(
    media::Pipeline& pipeline,
    const Treatment& treatment,
    AVRational time_base,
    media::Sink<Frame>& next
) {
    media::Sink<Frame>* last = &next;
    const Placement& placement = treatment.placement;
    if (placement.is_padded() && treatment.format == kYuv) {
        const AVColorSpace matrix =
            treatment.colour.matrix == "bt709" ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
        last = &pipeline.make<media::Canvas>(
            placement.canvas, placement.left, placement.top,
            media::paint_yuv(treatment.padding, matrix), *last
        );
    }
    last = &pipeline.make<media::Filters>(
        time_base, [treatment](const PictureShape& shape) { return steps_for(treatment, shape); },
        *last
    );
    if (treatment.flatten) last = &pipeline.make<media::Flatten>(*treatment.flatten, *last);
    return *last;
}

}  // namespace ittybit::tasks
