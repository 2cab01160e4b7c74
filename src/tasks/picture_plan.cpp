#include "tasks/picture_plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "media/pixel_format.h"
#include "tasks/treatment.h"

namespace ittybit::tasks {
namespace {

using media::PictureShape;

media::Hdr hdr_of(AVColorTransferCharacteristic transfer) {
    if (transfer == AVCOL_TRC_SMPTE2084) return media::Hdr::kPq;
    if (transfer == AVCOL_TRC_ARIB_STD_B67) return media::Hdr::kHlg;
    return media::Hdr::kNone;
}

bool is_full_range(const PictureShape& shape) {
    if (shape.range == AVCOL_RANGE_JPEG || media::is_rgb(shape.format)) return true;
    switch (shape.format) {
        case AV_PIX_FMT_YUVJ420P:
        case AV_PIX_FMT_YUVJ422P:
        case AV_PIX_FMT_YUVJ440P:
        case AV_PIX_FMT_YUVJ444P:
        case AV_PIX_FMT_YUVJ411P: return true;
        default: return false;
    }
}

bool is_plain_matrix(AVColorSpace matrix) {
    return matrix == AVCOL_SPC_BT709 || matrix == AVCOL_SPC_SMPTE170M ||
           matrix == AVCOL_SPC_BT470BG || matrix == AVCOL_SPC_UNSPECIFIED;
}

bool is_bt2020(AVColorPrimaries primaries, AVColorSpace matrix) {
    return primaries == AVCOL_PRI_BT2020 || matrix == AVCOL_SPC_BT2020_NCL ||
           matrix == AVCOL_SPC_BT2020_CL;
}

/// Colours that a change of matrix by swscale does not bring to BT.709: wide ones, levels that are
/// light itself, and matrices that it does not have.
bool is_beyond(
    AVColorPrimaries primaries, AVColorTransferCharacteristic transfer, AVColorSpace matrix
) {
    return is_bt2020(primaries, matrix) || primaries == AVCOL_PRI_SMPTE431 ||
           primaries == AVCOL_PRI_SMPTE432 || transfer == AVCOL_TRC_LINEAR ||
           matrix == AVCOL_SPC_YCGCO || matrix == AVCOL_SPC_CHROMA_DERIVED_NCL ||
           matrix == AVCOL_SPC_CHROMA_DERIVED_CL;
}

std::string or_unknown(const char* name, const char* otherwise) {
    const std::string_view text = name == nullptr ? "" : name;
    return text.empty() || text == "unknown" || text == "reserved" ? otherwise : std::string(text);
}

/// What of H.273 zscale can read; AVCOL_*_UNSPECIFIED is none of them.
constexpr auto kMatrices = std::to_array(
    {AVCOL_SPC_BT709, AVCOL_SPC_FCC, AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M, AVCOL_SPC_SMPTE240M,
     AVCOL_SPC_YCGCO, AVCOL_SPC_BT2020_NCL, AVCOL_SPC_CHROMA_DERIVED_NCL,
     AVCOL_SPC_CHROMA_DERIVED_CL}
);
constexpr auto kPrimaries = std::to_array(
    {AVCOL_PRI_BT709, AVCOL_PRI_BT470M, AVCOL_PRI_BT470BG, AVCOL_PRI_SMPTE170M, AVCOL_PRI_SMPTE240M,
     AVCOL_PRI_FILM, AVCOL_PRI_BT2020, AVCOL_PRI_SMPTE428, AVCOL_PRI_SMPTE431, AVCOL_PRI_SMPTE432,
     AVCOL_PRI_EBU3213}
);
constexpr auto kTransfers = std::to_array(
    {AVCOL_TRC_BT709, AVCOL_TRC_GAMMA22, AVCOL_TRC_GAMMA28, AVCOL_TRC_SMPTE170M,
     AVCOL_TRC_SMPTE240M, AVCOL_TRC_LINEAR, AVCOL_TRC_LOG, AVCOL_TRC_LOG_SQRT,
     AVCOL_TRC_IEC61966_2_4, AVCOL_TRC_IEC61966_2_1, AVCOL_TRC_BT2020_10, AVCOL_TRC_BT2020_12,
     AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67}
);

template <typename Enum, std::size_t N>
int told_or(Enum told, const std::array<Enum, N>& known, Enum usual) {
    return std::ranges::find(known, told) == known.end() ? usual : told;
}

/// zscale wants to be told everything; what a file leaves out, or tells in a way that zscale does
/// not know, is what such files usually are.
json::object zscale_input(const PictureShape& shape) {
    const bool is_hdr = hdr_of(shape.transfer) != media::Hdr::kNone;
    const bool is_wide = is_hdr || is_bt2020(shape.primaries, shape.matrix);
    // These two are defined with some transfers alone (H.273, 8.3).
    const auto by_transfer = is_hdr ? AVCOL_SPC_ICTCP : AVCOL_SPC_BT2020_CL;
    const auto usual = is_wide ? AVCOL_SPC_BT2020_NCL : AVCOL_SPC_BT709;
    int matrix = told_or(shape.matrix, kMatrices, usual);
    if (shape.matrix == by_transfer) matrix = by_transfer;
    if (media::is_rgb(shape.format)) matrix = AVCOL_SPC_RGB;
    const auto primaries =
        told_or(shape.primaries, kPrimaries, is_wide ? AVCOL_PRI_BT2020 : AVCOL_PRI_BT709);
    return {
        {"primariesin", primaries},
        {"transferin", told_or(shape.transfer, kTransfers, AVCOL_TRC_BT709)},
        {"matrixin", matrix},
        {"rangein", is_full_range(shape) ? "full" : "limited"},
    };
}

/// To BT.709. What lies outside its gamut is clipped as RGB, where each channel ends at its own
/// bounds: clipped as Y'CbCr, a red that is too strong would come out darker.
void add_output(std::vector<FilterStep>& steps, json::object options, AVPixelFormat format) {
    options["primaries"] = "709";
    options["matrix"] = "gbr";
    options["range"] = "full";
    if (media::is_rgb(format)) {
        options["dither"] = "ordered";
        steps.push_back({"zscale", std::move(options)});
        return;
    }
    steps.push_back({"zscale", std::move(options)});
    steps.push_back({"format", {{"pix_fmts", "gbrp16le|gbrap16le"}}});
    steps.push_back({"zscale", {{"matrix", "709"}, {"range", "limited"}, {"dither", "ordered"}}});
}

json::object scaled_to(json::object options, const Size& size) {
    options["width"] = size.width;
    options["height"] = size.height;
    options["filter"] = "bicubic";
    return options;
}

/// HDR: to linear light, tones compressed, to BT.709.
void add_tone_mapping(
    std::vector<FilterStep>& steps,
    const PictureShape& shape,
    const Size& size,
    AVPixelFormat format
) {
    json::object linear = scaled_to(zscale_input(shape), size);
    linear["transfer"] = "linear";
    linear["primaries"] = "709";
    linear["matrix"] = "gbr";
    linear["range"] = "full";
    linear["npl"] = 203;
    steps.push_back({"zscale", std::move(linear)});
    const char* const light = media::has_alpha(format) ? "gbrapf32le" : "gbrpf32le";
    steps.push_back({"format", {{"pix_fmts", light}}});
    steps.push_back({"tonemap", {{"tonemap", "mobius"}, {"desat", 0}}});
    add_output(steps, {{"transfer", "709"}}, format);
}

void add_wide_gamut(
    std::vector<FilterStep>& steps,
    const PictureShape& shape,
    const Size& size,
    AVPixelFormat format
) {
    json::object options = scaled_to(zscale_input(shape), size);
    // Screens show sRGB's numbers and BT.709's alike: a conversion would darken or lighten them.
    const bool is_srgb = shape.transfer == AVCOL_TRC_IEC61966_2_1;
    options["transfer"] =
        is_srgb ? static_cast<int>(AVCOL_TRC_IEC61966_2_1) : static_cast<int>(AVCOL_TRC_BT709);
    add_output(steps, std::move(options), format);
}

void add_scaling(
    std::vector<FilterStep>& steps,
    const Treatment& treatment,
    const PictureShape& shape,
    const Size& size
) {
    const std::string_view out = treatment.colour.matrix == "bt709" ? "bt709" : "smpte170m";
    const bool is_known = shape.matrix != AVCOL_SPC_UNSPECIFIED && shape.matrix != AVCOL_SPC_RGB;
    const std::string_view in = is_known ? sws_matrix(shape.matrix) : out;
    const bool is_same_size = shape.width == size.width && shape.height == size.height;
    const bool is_same_kind =
        shape.format == AV_PIX_FMT_YUV420P && in == out && !is_full_range(shape);
    if (is_same_size && is_same_kind) return;
    json::object options{
        {"width", size.width}, {"height", size.height},
        {"flags", "bicubic"},  {"out_color_matrix", json::string(out)},
        {"out_range", "tv"},
    };
    if (!media::is_rgb(shape.format)) {
        options["in_color_matrix"] = json::string(in);
        options["in_range"] = is_full_range(shape) ? "pc" : "tv";
    }
    steps.push_back({"scale", std::move(options)});
    steps.push_back({"format", {{"pix_fmts", "yuv420p"}}});
}

}  // namespace

std::string_view sws_matrix(AVColorSpace matrix) {
    switch (matrix) {
        case AVCOL_SPC_BT709: return "bt709";
        case AVCOL_SPC_FCC: return "fcc";
        case AVCOL_SPC_SMPTE240M: return "smpte240m";
        default: return "smpte170m";
    }
}

FilterStep deinterlacing(const Treatment& treatment) {
    return {
        "bwdif",
        {{"mode", treatment.is_field_rate ? "send_field" : "send_frame"},
         {"parity", "auto"},
         {"deint", "interlaced"}}
    };
}

Treatment plan_treatment(const PictureFacts& facts, const Framing& framing) {
    return {
        .placement = place(facts.display, framing, 2),
        .is_mirrored = facts.orientation.is_mirrored,
        .rotation = facts.orientation.rotation,
        .format = "yuv420p",
        .colour = output_colour(facts),
        .padding = framing.background.value_or(Colour{0, 0, 0, 255}),
        .flatten = framing.background.value_or(Colour{255, 255, 255, 255}),
        .has_alpha = facts.has_alpha,
    };
}

PictureColour output_colour(const PictureFacts& facts) {
    const bool is_420 = facts.format == AV_PIX_FMT_YUV420P || facts.format == AV_PIX_FMT_YUVA420P;
    const bool is_converted = facts.hdr != media::Hdr::kNone || media::is_rgb(facts.format) ||
                              (facts.has_alpha && !is_420) ||
                              is_beyond(facts.primaries, facts.transfer, facts.matrix) ||
                              !is_plain_matrix(facts.matrix);
    if (is_converted) return {};
    const bool is_unknown = facts.matrix == AVCOL_SPC_UNSPECIFIED;
    const AVColorSpace matrix =
        is_unknown ? media::usual_matrix(facts.stored.width, facts.stored.height) : facts.matrix;
    if (matrix == AVCOL_SPC_BT709) {
        return {
            .primaries = or_unknown(av_color_primaries_name(facts.primaries), "bt709"),
            .transfer = or_unknown(av_color_transfer_name(facts.transfer), "bt709"),
            .matrix = "bt709",
        };
    }
    const bool is_pal = matrix == AVCOL_SPC_BT470BG || facts.stored.height == 576;
    return {
        .primaries =
            or_unknown(av_color_primaries_name(facts.primaries), is_pal ? "bt470bg" : "smpte170m"),
        .transfer = or_unknown(av_color_transfer_name(facts.transfer), "smpte170m"),
        .matrix = matrix == AVCOL_SPC_BT470BG ? "bt470bg" : "smpte170m",
    };
}

bool is_beyond_bt709(const PictureShape& shape) {
    return hdr_of(shape.transfer) != media::Hdr::kNone ||
           is_beyond(shape.primaries, shape.transfer, shape.matrix);
}

void add_bt709(
    std::vector<FilterStep>& steps,
    const PictureShape& shape,
    const Size& size,
    AVPixelFormat format
) {
    if (hdr_of(shape.transfer) != media::Hdr::kNone) {
        add_tone_mapping(steps, shape, size, format);
    } else {
        add_wide_gamut(steps, shape, size, format);
    }
    steps.push_back({"format", {{"pix_fmts", av_get_pix_fmt_name(format)}}});
}

PictureShape shape_of(const PictureFacts& facts) {
    return {
        .width = facts.stored.width,
        .height = facts.stored.height,
        .format = facts.format,
        .matrix = facts.matrix,
        .range = facts.range,
        .primaries = facts.primaries,
        .transfer = facts.transfer,
        .is_interlaced = facts.is_interlaced,
    };
}

std::vector<FilterStep> yuv_steps(const Treatment& treatment, const PictureShape& shape) {
    std::vector<FilterStep> steps;
    if (shape.is_interlaced) steps.push_back(deinterlacing(treatment));
    const Size size = scaled_size(treatment);
    if (is_beyond_bt709(shape)) {
        add_bt709(steps, shape, size, AV_PIX_FMT_YUV420P);
    } else {
        add_scaling(steps, treatment, shape, size);
    }
    return steps;
}

}  // namespace ittybit::tasks
