#include "image/steps.h"

#include <array>
#include <utility>
#include <vector>

#include "image/handles.h"
#include "image/profile.h"
#include "image/rounding.h"
#include "image/source.h"
#include "image/titles.h"

namespace ittybit::image {
namespace {

/// Ends a step: takes over what the operation made, or tells why it made nothing.
Result<Picture> next(const Picture& before, int code, VipsImage* made, std::string_view problem) {
    if (code == 0) return before.with(made);
    return before.failure(ErrorKind::kCorruptMedia, problem);
}

VipsInterpretation interpretation_of(const Picture& picture) {
    return vips_image_guess_interpretation(picture.vips());
}

Result<Picture> convert(const Picture& picture, VipsInterpretation space) {
    VipsImage* out = nullptr;
    const int code = vips_colourspace(picture.vips(), &out, space, nullptr);
    return next(picture, code, out, "the picture's colours cannot be converted");
}

Result<Picture> rounded(const Picture& picture, VipsBandFormat format) {
    VipsImage* out = nullptr;
    const int code = round_to(picture.vips(), &out, format);
    return next(picture, code, out, "the picture's samples cannot be converted");
}

/// Drops what is behind the colours and one alpha.
Result<Picture> first_bands(Picture picture) {
    const int bands = vips_image_get_bands(picture.vips());
    const int most = interpretation_of(picture) == VIPS_INTERPRETATION_B_W ? 2 : 4;
    if (bands <= most) return picture;
    VipsImage* out = nullptr;
    const int code = vips_extract_band(picture.vips(), &out, 0, "n", most, nullptr);
    return next(picture, code, out, "the picture's channels cannot be taken apart");
}

/// Grey becomes RGB where a colour comes into the picture.
Result<Picture> coloured(Picture picture, const Colour& colour) {
    const bool is_grey = colour.red == colour.green && colour.green == colour.blue;
    if (is_grey || vips_image_get_bands(picture.vips()) >= 3) return picture;
    return convert(picture, VIPS_INTERPRETATION_sRGB);
}

Result<Picture> with_alpha(Picture picture) {
    if (picture.has_alpha()) return picture;
    VipsImage* out = nullptr;
    const int code = vips_addalpha(picture.vips(), &out, nullptr);
    return next(picture, code, out, "the picture cannot be given transparency");
}

using Vector = std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)>;

/// A colour in as many bands as the picture has, with or without its alpha.
Vector bands_of(const Colour& colour, int colours, bool has_alpha) {
    std::vector<double> parts{static_cast<double>(colour.red)};
    if (colours == 3) {
        parts.push_back(colour.green);
        parts.push_back(colour.blue);
    }
    if (has_alpha) parts.push_back(colour.alpha);
    return {
        vips_array_double_new(parts.data(), static_cast<int>(parts.size())),
        [](VipsArrayDouble* array) { vips_area_unref(VIPS_AREA(array)); }
    };
}

Result<Picture> scale(const Picture& picture, Size size) {
    const Size before = picture.size();
    VipsImage* out = nullptr;
    const int code = vips_resize(
        picture.vips(), &out, 1.0 * size.width / before.width, "vscale",
        1.0 * size.height / before.height, nullptr
    );
    return next(picture, code, out, "the picture cannot be scaled");
}

/// What is white in a picture of numbers without a told range, by the greatest of them: 1 as TIFF
/// has it (some are lighter, by sharpening or of light that no screen shows), or that of 8, 16 or
/// 32 bits.
double white_of(double most) {
    constexpr double kLightest = 64;
    return most <= kLightest ? 1 : most <= 255 ? 255 : most <= 65535 ? 65535 : 4294967295;
}

/// Samples of floating point, or of 32 bits, become those of 16. Colours are meant for a screen:
/// TIFF's are, where no profile says more (TIFF 6.0, section 20).
Result<Picture> to_integers(Picture picture) {
    const VipsBandFormat format = vips_image_get_format(picture.vips());
    const bool is_wide =
        format == VIPS_FORMAT_FLOAT || format == VIPS_FORMAT_DOUBLE || format == VIPS_FORMAT_UINT;
    if (!is_wide) return picture;
    // All must be seen before the first can be changed.
    VipsImage* out = vips_image_copy_memory(picture.vips());
    if (out == nullptr)
        return picture.failure(ErrorKind::kCorruptMedia, "the picture's pixels cannot be read");
    picture = picture.with(out);
    double most = 0;
    int code = vips_max(picture.vips(), &most, nullptr);
    if (code == 0) code = vips_linear1(picture.vips(), &out, 65535 / white_of(most), 0, nullptr);
    picture = TRY(next(picture, code, out, "the picture's samples cannot be converted"));
    picture = TRY(rounded(picture, VIPS_FORMAT_USHORT));
    const bool is_grey = vips_image_get_bands(picture.vips()) < 3;
    code = vips_copy(
        picture.vips(), &out, "interpretation",
        is_grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, nullptr
    );
    return next(picture, code, out, "the picture's samples cannot be converted");
}

}  // namespace

Result<Picture> to_additive(Picture picture) {
    switch (interpretation_of(picture)) {
        case VIPS_INTERPRETATION_CMYK:
            if (auto rgb = by_profile(picture, "cmyk")) return std::move(*rgb);
            return convert(without_profile(picture), VIPS_INTERPRETATION_sRGB);
        case VIPS_INTERPRETATION_B_W:
        case VIPS_INTERPRETATION_GREY16:
        case VIPS_INTERPRETATION_RGB16:
        case VIPS_INTERPRETATION_sRGB:
        case VIPS_INTERPRETATION_scRGB:  // of a TIFF's floats
        case VIPS_INTERPRETATION_MULTIBAND:
        case VIPS_INTERPRETATION_RGB: return to_integers(std::move(picture));
        default: return convert(without_profile(picture), VIPS_INTERPRETATION_sRGB);
    }
}

Result<Picture> resize(Picture picture, Size size) {
    if (picture.size() == size) return picture;
    if (!picture.has_alpha()) return scale(picture, size);
    // What is transparent must not bleed its hidden colour into its neighbours.
    const VipsBandFormat format = vips_image_get_format(picture.vips());
    VipsImage* out = nullptr;
    int code = vips_premultiply(picture.vips(), &out, nullptr);
    picture = TRY(next(picture, code, out, "the picture's transparency cannot be scaled"));
    picture = TRY(scale(picture, size));
    code = vips_unpremultiply(picture.vips(), &out, nullptr);
    picture = TRY(next(picture, code, out, "the picture's transparency cannot be scaled"));
    return rounded(picture, format);
}

Result<Picture> repaint(const Picture& picture, Pixels pixels) {
    const Size size{pixels.width, pixels.height};
    Picture painted = TRY(Picture::from_pixels(std::move(pixels)));
    if (picture.has_alpha()) {
        const Picture scaled = TRY(resize(picture.with(g_object_ref(picture.vips())), size));
        VipsImage* alpha = nullptr;
        const int band = vips_image_get_bands(scaled.vips()) - 1;
        int code = vips_extract_band(scaled.vips(), &alpha, band, nullptr);
        const Image owned(alpha);
        VipsImage* bytes = nullptr;
        if (code == 0) code = vips_cast(alpha, &bytes, VIPS_FORMAT_UCHAR, "shift", TRUE, nullptr);
        const Image opacity(bytes);
        VipsImage* out = nullptr;
        if (code == 0) code = vips_bandjoin2(painted.vips(), bytes, &out, nullptr);
        painted = TRY(next(painted, code, out, "the picture's transparency cannot be kept"));
    }
    vips_image_set_int(
        painted.vips(), VIPS_META_ORIENTATION, vips_image_get_orientation(picture.vips())
    );
    copy_titles(picture, painted);
    return painted;
}

Result<Picture> in_memory(const Picture& picture) {
    VipsImage* out = vips_image_copy_memory(picture.vips());
    if (out == nullptr)
        return picture.failure(ErrorKind::kCorruptMedia, "the picture's pixels cannot be read");
    return picture.with(out);
}

Result<Picture> orient(Picture picture) {
    if (vips_image_get_orientation(picture.vips()) == 1) return picture;
    picture = TRY(in_memory(picture));
    VipsImage* out = nullptr;
    const int code = vips_autorot(picture.vips(), &out, nullptr);
    return next(picture, code, out, "the picture cannot be turned");
}

Result<Picture> crop(Picture picture, const Rectangle& kept) {
    VipsImage* out = nullptr;
    const int code = vips_extract_area(
        picture.vips(), &out, kept.left, kept.top, kept.width, kept.height, nullptr
    );
    return next(picture, code, out, "the picture cannot be cropped");
}

Result<Picture> to_srgb(Picture picture) {
    if (has_profile(picture)) {
        if (auto managed = by_profile(picture, "srgb")) return first_bands(std::move(*managed));
        picture = without_profile(picture);
    }
    const auto space = interpretation_of(picture);
    const bool is_grey = space == VIPS_INTERPRETATION_B_W || space == VIPS_INTERPRETATION_GREY16;
    const auto wanted = is_grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    picture = TRY(convert(picture, wanted));
    picture = TRY(first_bands(std::move(picture)));
    if (vips_image_get_format(picture.vips()) == VIPS_FORMAT_UCHAR) return picture;
    return rounded(picture, VIPS_FORMAT_UCHAR);
}

Result<Picture> pad(Picture picture, const Placement& placement, const Colour& background) {
    picture = TRY(coloured(std::move(picture), background));
    if (background.alpha != 255) picture = TRY(with_alpha(std::move(picture)));
    const bool has_alpha = picture.has_alpha();
    const int colours = vips_image_get_bands(picture.vips()) - (has_alpha ? 1 : 0);
    const Vector colour = bands_of(background, colours, has_alpha);
    VipsImage* out = nullptr;
    const int code = vips_embed(
        picture.vips(), &out, placement.left, placement.top, placement.canvas.width,
        placement.canvas.height, "extend", VIPS_EXTEND_BACKGROUND, "background", colour.get(),
        nullptr
    );
    return next(picture, code, out, "the picture cannot be padded");
}

Result<Picture> flatten(Picture picture, const Colour& background) {
    if (!picture.has_alpha()) return picture;
    picture = TRY(coloured(std::move(picture), background));
    const int colours = vips_image_get_bands(picture.vips()) - 1;
    const Vector colour = bands_of(background, colours, false);
    VipsImage* out = nullptr;
    const int code = vips_flatten(picture.vips(), &out, "background", colour.get(), nullptr);
    return next(picture, code, out, "the picture's transparency cannot be removed");
}

void copy_titles(const Picture& from, const Picture& to) {
    keep_titles(to.vips(), titles_of(from.vips()));
}

Result<Picture> strip(Picture picture) {
    const Titles titles = titles_of(picture.vips());
    // Where nobody says how large it is on paper, it is as large as on the web.
    constexpr double kPixelsPerMm = 72 / 25.4;
    const double xres = vips_image_get_xres(picture.vips());
    const double yres = vips_image_get_yres(picture.vips());
    const bool is_told = xres > 1.001 && yres > 1.001;
    VipsImage* out = nullptr;
    const int code = vips_copy(
        picture.vips(), &out, "xres", is_told ? xres : kPixelsPerMm, "yres",
        is_told ? yres : kPixelsPerMm, nullptr
    );
    picture = TRY(next(picture, code, out, "the picture's metadata cannot be read"));
    gchar** fields = vips_image_get_fields(picture.vips());
    for (gchar** field = fields; *field != nullptr; ++field)
        vips_image_remove(picture.vips(), *field);
    g_strfreev(fields);
    keep_titles(picture.vips(), titles);
    return picture;
}

}  // namespace ittybit::image
