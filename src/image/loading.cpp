#include "image/loading.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "image/heif_meta.h"
#include "image/library.h"
#include "image/made_profile.h"
#include "image/png_chunks.h"
#include "image/tiff_facts.h"

namespace ittybit::image {
namespace {

/// Damage inside a file is an error, not a grey half: a user would not see why the picture looks
/// wrong. Warnings (an odd marker, a bad comment) are not.
constexpr VipsFailOn kFailOn = VIPS_FAIL_ON_ERROR;

/// libjpeg shrinks by 1, 2, 4 or 8 while it decodes.
int jpeg_shrink(int by) {
    if (by >= 8) return 8;
    if (by >= 4) return 4;
    return by >= 2 ? 2 : 1;
}

int call_loader(
    std::string_view format, VipsSource* source, VipsImage** out, const Picture::Load& how
) {
    const auto access = VIPS_ACCESS_SEQUENTIAL;
    if (format == "jpeg")
        return vips_jpegload_source(
            source, out, "access", access, "fail_on", kFailOn, "shrink", jpeg_shrink(how.shrink_by),
            nullptr
        );
    if (format == "png" || format == "apng")
        return vips_pngload_source(source, out, "access", access, "fail_on", kFailOn, nullptr);
    if (format == "webp")
        return vips_webpload_source(
            source, out, "access", access, "fail_on", kFailOn, "page", how.page, "scale",
            1.0 / std::max(1, how.shrink_by), nullptr
        );
    if (format == "gif")
        return vips_gifload_source(
            source, out, "access", access, "fail_on", kFailOn, "page", how.page, nullptr
        );
    if (format == "tiff")
        return vips_tiffload_source(
            source, out, "access", access, "fail_on", kFailOn, "page", how.page, nullptr
        );
    return vips_heifload_source(source, out, "access", access, "fail_on", kFailOn, nullptr);
}

/// Colour that a PNG tells without a profile becomes one.
Result<> add_profile(ByteSource& source, VipsImage* image) {
    if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0) return {};
    const auto facts = TRY(read_png_facts(source));
    const auto profile = made_profile(facts, vips_image_get_bands(image) < 3);
    if (profile)
        vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile->data(), profile->size());
    return {};
}

bool says(VipsImage* image, const char* field, std::string_view word) {
    const char* text = nullptr;
    if (vips_image_get_typeof(image, field) == 0) return false;
    const bool is_text = vips_image_get_string(image, field, &text) == 0;
    vips_error_clear();
    return is_text && std::string_view(text).starts_with(word);
}

/// A camera's AdobeRGB has no profile, but a name that the file system for cameras gave it (DCF
/// 2.0, JEITA CP-3461; Adobe RGB (1998), 4.2).
void add_camera_profile(VipsImage* image) {
    const bool is_told = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
    if (is_told || !says(image, "exif-ifd4-InteroperabilityIndex", "R03") ||
        says(image, "exif-ifd2-ColorSpace", "1 "))
        return;
    PngFacts adobe;
    adobe.gamma = 256.0 / 563;
    adobe.chromaticities = {0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06};
    const auto profile = made_profile(adobe, vips_image_get_bands(image) < 3);
    if (profile)
        vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile->data(), profile->size());
}

/// Divides the colours by the alpha where the file has them multiplied.
Result<> unpremultiply(ByteSource& source, Image& image) {
    if (vips_image_hasalpha(image.get()) == 0) return {};
    const auto meta = TRY(read_heif_meta(source));
    if (meta == nullptr || !heif_facts(*meta).is_premultiplied) return {};
    VipsImage* divided = nullptr;
    VipsImage* whole = nullptr;
    const VipsBandFormat format = vips_image_get_format(image.get());
    if (vips_unpremultiply(image.get(), &divided, nullptr) != 0) return {};
    const Image owned(divided);
    if (vips_cast(divided, &whole, format, nullptr) == 0) image.reset(whole);
    return {};
}

/// Luma and two differences of colour, each of 8 bits, to RGB (TIFF 6.0, section 21, with the
/// default coefficients: those of BT.601).
int from_ycbcr(VipsImage* image, VipsImage** out) {
    const std::array matrix = {1.0, 0.0, 1.402, 1.0, -0.344136, -0.714136, 1.0, 1.772, 0.0};
    std::array scale = {1.0, 1.0, 1.0};
    std::array offset = {-1.402 * 128, (0.344136 + 0.714136) * 128, -1.772 * 128};
    const Image weights(vips_image_new_matrix_from_array(3, 3, matrix.data(), matrix.size()));
    VipsImage* mixed = nullptr;
    if (vips_recomb(image, &mixed, weights.get(), nullptr) != 0) return -1;
    const Image owned(mixed);
    VipsImage* shifted = nullptr;
    const int code = vips_linear(mixed, &shifted, scale.data(), offset.data(), 3, nullptr);
    if (code != 0) return -1;
    const Image moved(shifted);
    return vips_cast(shifted, out, VIPS_FORMAT_UCHAR, nullptr);
}

/// A TIFF's luma and colour differences come as they are where no JPEG is around them.
Result<> mix_ycbcr(ByteSource& source, Image& image) {
    const auto facts = TRY(read_tiff_facts(source));
    const bool is_jpeg = facts.compression == 6 || facts.compression == 7;
    const bool is_plain = vips_image_get_bands(image.get()) == 3 &&
                          vips_image_get_format(image.get()) == VIPS_FORMAT_UCHAR;
    if (facts.photometric != 6 || is_jpeg || !is_plain) return {};
    VipsImage* mixed = nullptr;
    if (from_ycbcr(image.get(), &mixed) == 0) image.reset(mixed);
    vips_error_clear();
    return {};
}

/// What of a file's colour the loaders do not heed.
Result<> complete(ByteSource& source, std::string_view format, Image& image) {
    if (format == "jpeg") add_camera_profile(image.get());
    if (format == "png" || format == "apng") return add_profile(source, image.get());
    if (format == "avif" || format == "heic") return unpremultiply(source, image);
    if (format == "tiff") return mix_ycbcr(source, image);
    return {};
}

/// Whether a loader gave up on what is not wrong.
bool is_unsupported(std::string_view message) {
    for (const std::string_view word : {"not supported", "nsupported", "whole number of bytes"})
        if (message.find(word) != message.npos) return true;
    return false;
}

}  // namespace

Result<Loaded> load(ByteSource& source, const Sniffed& sniffed, const Picture::Load& how) {
    TRY(init());  // libvips would start itself at first use, with every loader open
    Loaded loaded{std::make_shared<SourceState>(), nullptr};
    loaded.state->bytes = &source;
    const Source reader = make_source(loaded.state);
    VipsImage* image = nullptr;
    const int code = call_loader(sniffed.format, VIPS_SOURCE(reader.get()), &image, how);
    if (code == 0) {
        loaded.image.reset(image);
        TRY(complete(source, sniffed.format, loaded.image));
        return loaded;
    }
    const std::string message = take_message();
    if (loaded.state->error) return *loaded.state->error;
    if (is_unsupported(message)) {
        return Error{
            ErrorKind::kUnsupportedMedia,
            fmt::format(
                "nothing here reads this kind of {} picture ({}): upload it as PNG or JPEG instead",
                sniffed.format, message
            ),
            "input"
        };
    }
    return Error{
        ErrorKind::kCorruptMedia,
        fmt::format("the {} picture is damaged or cut short ({})", sniffed.format, message), ""
    };
}

}  // namespace ittybit::image
