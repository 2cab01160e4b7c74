#include "tasks/rgb_frames.h"

#include <string_view>
#include <utility>

#include "media/compat.h"
#include "media/pixel_format.h"
#include "tasks/picture_plan.h"
#include "tasks/treatment.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::PictureShape;

/// Rows of a frame follow each other with gaps; those of Pixels without.
std::vector<std::byte> packed(const AVFrame& frame, std::size_t bytes_per_pixel) {
    std::vector<std::byte> bytes;
    const std::size_t row = static_cast<std::size_t>(frame.width) * bytes_per_pixel;
    bytes.reserve(row * static_cast<std::size_t>(frame.height));
    for (int y = 0; y < frame.height; ++y) {
        const auto* first = reinterpret_cast<const std::byte*>(
            frame.data[0] + static_cast<std::ptrdiff_t>(y) * frame.linesize[0]
        );
        bytes.insert(bytes.end(), first, first + row);
    }
    return bytes;
}

/// Keeps the frame of one time.
struct Keeper : media::Sink<Frame> {
    explicit Keeper(std::int64_t pts) : wanted(pts) {}
    std::int64_t wanted;
    Frame frame;
    Result<> push(Frame item) override {
        if (item->pts == wanted) frame = std::move(item);
        return {};
    }
    Result<> finish() override { return {}; }
};

/// What the filters are to see, the picture itself at 1.
std::vector<Frame> in_order(media::Shown shown) {
    std::vector<Frame> frames;
    if (media::is_interlaced(*shown.frame)) {
        if (shown.after == nullptr) shown.after = media::share(*shown.frame);
        shown.after->pts = 2;
        if (shown.before != nullptr) {
            shown.before->pts = 0;
            frames.push_back(std::move(shown.before));
        }
    } else {
        shown.after.reset();
    }
    shown.frame->pts = 1;
    frames.push_back(std::move(shown.frame));
    if (shown.after != nullptr) frames.push_back(std::move(shown.after));
    return frames;
}

std::string_view matrix_of(const PictureShape& shape) {
    const bool is_told = shape.matrix != AVCOL_SPC_UNSPECIFIED && shape.matrix != AVCOL_SPC_RGB;
    if (is_told) return sws_matrix(shape.matrix);
    const bool is_film = shape.range != AVCOL_RANGE_JPEG;
    const bool is_709 = media::usual_matrix(shape.width, shape.height) == AVCOL_SPC_BT709;
    return is_film && is_709 ? "bt709" : "smpte170m";
}

FilterStep scale_to(Size size, std::string_view matrix, bool is_full_range, bool is_yuv) {
    json::object options{
        {"width", size.width},
        {"height", size.height},
        {"flags", "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"},
    };
    if (is_yuv) {
        options["in_color_matrix"] = json::string(matrix);
        options["in_range"] = is_full_range ? "pc" : "tv";
    }
    return {"scale", std::move(options)};
}

void add_picture_steps(
    std::vector<FilterStep>& steps, const Treatment& treatment, const PictureShape& shape
) {
    const Size size = scaled_size(treatment);
    const bool is_scaled = size != Size{shape.width, shape.height};
    // What is transparent must not bleed its hidden colour into its neighbours.
    const bool is_weighted = is_scaled && treatment.has_alpha && media::has_alpha(shape.format);
    const bool is_full = shape.range == AVCOL_RANGE_JPEG;
    const FilterStep scale =
        scale_to(size, matrix_of(shape), is_full, !media::is_rgb(shape.format));
    if (is_weighted) {
        steps.push_back(scale_to(
            {shape.width, shape.height}, matrix_of(shape), is_full, !media::is_rgb(shape.format)
        ));
        steps.push_back({"format", {{"pix_fmts", "gbrap"}}});
        steps.push_back({"premultiply", {{"inplace", 1}}});
        steps.push_back(scale_to(size, "", false, false));
        steps.push_back({"format", {{"pix_fmts", "gbrap"}}});
        steps.push_back({"unpremultiply", {{"inplace", 1}}});
    } else {
        steps.push_back(scale);
    }
}

/// What is transparent is scaled when its colours are plain ones, as they are then weighed by it.
void add_from_beyond_bt709(
    std::vector<FilterStep>& steps, const Treatment& treatment, const PictureShape& shape
) {
    const Size size{shape.width, shape.height};
    const Size scaled = scaled_size(treatment);
    if (!treatment.has_alpha || !media::has_alpha(shape.format)) {
        add_bt709(steps, shape, scaled, AV_PIX_FMT_GBRP);
        return;
    }
    add_bt709(steps, shape, size, AV_PIX_FMT_GBRAP);
    if (scaled == size) return;
    PictureShape plain = shape;
    plain.format = AV_PIX_FMT_GBRAP;
    plain.matrix = AVCOL_SPC_RGB;
    plain.range = AVCOL_RANGE_JPEG;
    add_picture_steps(steps, treatment, plain);
}

}  // namespace

Treatment rgb_treatment(Size scaled, bool has_alpha) {
    Treatment treatment;
    treatment.placement = scaled_to(scaled);
    treatment.format = has_alpha ? "rgba" : "rgb24";
    treatment.has_alpha = has_alpha;
    return treatment;
}

Treatment rgb_treatment(const AVStream& stream, Size scaled, bool has_alpha) {
    Treatment treatment = rgb_treatment(scaled, has_alpha);
    const auto orientation = media::orientation_of(stream);
    treatment.is_mirrored = orientation.is_mirrored;
    treatment.rotation = orientation.rotation;
    return treatment;
}

std::vector<FilterStep> rgb_steps(const Treatment& treatment, const PictureShape& shape) {
    std::vector<FilterStep> steps;
    if (shape.is_interlaced) steps.push_back(deinterlacing(treatment));
    if (is_beyond_bt709(shape)) {
        add_from_beyond_bt709(steps, treatment, shape);
    } else {
        add_picture_steps(steps, treatment, shape);
    }
    steps.push_back({"format", {{"pix_fmts", json::string(treatment.format)}}});
    return steps;
}

Result<image::Pixels> to_pixels(Frame frame, const Treatment& treatment) {
    return to_pixels(media::Shown{.frame = std::move(frame)}, treatment);
}

Result<image::Pixels> to_pixels(media::Shown shown, const Treatment& treatment) {
    std::vector<std::byte> profile;
    if (const auto* side = av_frame_get_side_data(shown.frame.get(), AV_FRAME_DATA_ICC_PROFILE)) {
        const auto* first = reinterpret_cast<const std::byte*>(side->data);
        profile.assign(first, first + side->size);
    }
    Keeper keeper(1);
    media::Filters filters(
        {1, 1000}, [&](const PictureShape& shape) { return steps_for(treatment, shape); }, keeper
    );
    for (Frame& frame : in_order(std::move(shown))) TRY(filters.push(std::move(frame)));
    TRY(filters.finish());
    if (keeper.frame == nullptr)
        return Error{ErrorKind::kEncodeFailed, "the picture did not come out of the filters", ""};
    const int bands = treatment.has_alpha ? 4 : 3;
    return image::Pixels{
        .width = keeper.frame->width,
        .height = keeper.frame->height,
        .bands = bands,
        .bits = 8,
        .bytes = packed(*keeper.frame, static_cast<std::size_t>(bands)),
        .icc_profile = std::move(profile),
    };
}

}  // namespace ittybit::tasks
