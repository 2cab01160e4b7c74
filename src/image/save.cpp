#include "image/save.h"

#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/embed.h"
#include "image/exif.h"
#include "image/file_writing.h"
#include "image/handles.h"
#include "image/palette_png.h"
#include "image/source.h"
#include "image/titles.h"
#include "image/xmp.h"

namespace ittybit::image {
namespace {

using namespace std::string_literals;

using Target = std::unique_ptr<VipsTargetCustom, Unref>;

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
                const std::string exif = "Exif\0\0"s + exif_block(titles);
                vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, packet.data(), packet.size());
                vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif.data(), exif.size());
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
    return picture.failure(ErrorKind::kCorruptMedia, "the picture is damaged or cut short");
}

/// Where libvips writes to, and why it could not: libvips itself tells that only as text.
struct Output {
    int file;
    int reason = 0;  // errno
};

gint64 write_bytes(VipsTargetCustom*, const void* bytes, gint64 length, void* shared) {
    auto& output = *static_cast<Output*>(shared);
    ssize_t written = -1;
    do written = ::write(output.file, bytes, static_cast<std::size_t>(length));
    while (written < 0 && errno == EINTR);
    if (written < 0) output.reason = errno;
    return written;
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
    Output output{file};
    const Target target(vips_target_custom_new());
    g_signal_connect(target.get(), "write", G_CALLBACK(write_bytes), &output);
    const bool is_written = write(picture, settings, VIPS_TARGET(target.get())) == 0;
    if (output.reason != 0) return write_error(output.reason);
    return is_written ? Result<>() : failure_of(picture);
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
