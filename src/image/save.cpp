#include "image/save.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/embed.h"
#include "image/file_writing.h"
#include "image/handles.h"
#include "image/palette_png.h"
#include "image/source.h"
#include "image/titles.h"
#include "image/xmp.h"

namespace ittybit::image {
namespace {

using Target = std::unique_ptr<VipsTarget, Unref>;

int write(const Picture& picture, const SaveSettings& settings, VipsTarget* target) {
    VipsImage* image = picture.vips();
    const Titles titles = kept_titles(image);
    const auto chroma =
        settings.full_chroma ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON;
    switch (settings.format) {
        case ImageFormat::kJpeg:
            return vips_jpegsave_target(
                image, target, "Q", settings.quality, "optimize_coding", TRUE, "interlace", TRUE,
                "subsample_mode", chroma, "strip", TRUE, nullptr
            );
        case ImageFormat::kPng:
            return vips_pngsave_target(
                image, target, "compression", settings.effort, "filter",
                VIPS_FOREIGN_PNG_FILTER_ALL, "strip", TRUE, nullptr
            );
        case ImageFormat::kWebp:
            return vips_webpsave_target(
                image, target, "Q", settings.quality, "effort", settings.effort, "smart_subsample",
                settings.full_chroma ? TRUE : FALSE, "strip", TRUE, nullptr
            );
        case ImageFormat::kAvif:
            if (!titles.is_empty()) {
                const std::string packet = xmp_packet(titles);
                vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, packet.data(), packet.size());
            }
            return vips_heifsave_target(
                image, target, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "Q",
                settings.quality, "effort", settings.effort, "subsample_mode", chroma, "strip",
                titles.is_empty() ? TRUE : FALSE, nullptr
            );
    }
    return -1;
}

Error failure_of(const Picture& picture) {
    Error error = picture.failure(ErrorKind::kCorruptMedia, "the picture is damaged or cut short");
    // libvips tells the system's reasons only as text.
    for (const int reason : {ENOSPC, EFBIG})
        if (error.message.find(std::strerror(reason)) != std::string::npos)
            return write_error(reason);
    return error;
}

/// Writes the picture with a palette, if its colours fit one. False when they do not; the picture's
/// pixels are then in memory, since files give them only once.
Result<bool> save_with_palette(Picture& picture, int file) {
    constexpr std::int64_t kMostPixels = 64'000'000;
    const Size size = picture.size();
    if (std::int64_t{size.width} * size.height > kMostPixels) return false;
    VipsImage* held = vips_image_copy_memory(picture.vips());
    if (held == nullptr) return failure_of(picture);
    picture = picture.with(held);
    const auto bytes = palette_png(TRY(picture.pixels()));
    if (!bytes) return false;
    TRY(write_at(file, 0, *bytes));
    return true;
}

Result<> save_any(Picture picture, const SaveSettings& settings, int file) {
    const bool may_have_palette = settings.format == ImageFormat::kPng && settings.has_few_colours;
    if (may_have_palette && TRY(save_with_palette(picture, file))) return {};
    const Target target(vips_target_new_to_descriptor(file));
    if (target == nullptr) return picture.failure(ErrorKind::kEncodeFailed, "create the output");
    if (write(picture, settings, target.get()) != 0) return failure_of(picture);
    return {};
}

}  // namespace

int longest_side(ImageFormat format) {
    switch (format) {
        case ImageFormat::kJpeg: return 65535;
        case ImageFormat::kPng: return 1'000'000;
        case ImageFormat::kWebp: return 16383;
        case ImageFormat::kAvif: return 65536;
    }
    return 0;
}

Result<> save(const Picture& picture, const SaveSettings& settings, const std::string& name) {
    const Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return write_error(errno);
    const Titles titles = kept_titles(picture.vips());
    auto saved = save_any(picture.with(g_object_ref(picture.vips())), settings, file.get());
    if (saved) saved = embed(titles, settings.format, name);
    if (!saved) ::unlink(name.c_str());
    return saved;
}

}  // namespace ittybit::image
