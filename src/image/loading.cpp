#include "image/loading.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "image/heif_meta.h"
#include "image/library.h"
#include "image/made_profile.h"
#include "image/png_chunks.h"
#include "image/rounding.h"
#include "image/tiff_reader.h"

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
    if (round_to(divided, &whole, format) == 0) image.reset(whole);
    return {};
}

/// What of a file's colour the loaders do not heed.
Result<> complete(ByteSource& source, std::string_view format, Image& image) {
    if (format == "jpeg") add_camera_profile(image.get());
    if (format == "png" || format == "apng") return add_profile(source, image.get());
    if (format == "avif" || format == "heic") return unpremultiply(source, image);
    return {};
}

/// Whether a loader gave up on what is not wrong.
bool is_unsupported(std::string_view message) {
    for (const std::string_view word :
         {"not supported", "nsupported", "whole number of bytes", "required field",
          "samples out of range"})
        if (message.find(word) != message.npos) return true;
    return false;
}

}  // namespace

Result<Loaded> load(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, const Picture::Load& how
) {
    TRY(init());  // libvips would start itself at first use, with every loader open
    Loaded loaded{std::make_shared<SourceState>(), nullptr};
    loaded.state->bytes = &source;
    if (sniffed.format == "tiff") {
        loaded.image = TRY(read_odd_tiff(loaded.state, how.page, limits));
        if (loaded.image != nullptr) return loaded;
        loaded.state->position = 0;
    }
    const Source reader = make_source(loaded.state);
    VipsImage* image = nullptr;
    const int code = call_loader(sniffed.format, VIPS_SOURCE(reader.get()), &image, how);
    if (code == 0) {
        loaded.image.reset(image);
        TRY(complete(source, sniffed.format, loaded.image));
        if (sniffed.format == "tiff") TRY(complete_tiff(source, how.page, loaded.image));
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
