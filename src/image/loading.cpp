#include "image/loading.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "image/library.h"

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
        return loaded;
    }
    const std::string message = take_message();
    if (loaded.state->error) return *loaded.state->error;
    return Error{
        ErrorKind::kCorruptMedia,
        fmt::format("the {} picture is damaged or cut short ({})", sniffed.format, message), ""
    };
}

}  // namespace ittybit::image
