#include "image/save.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/handles.h"
#include "image/source.h"
#include "image/titles.h"

namespace ittybit::image {
namespace {

using Target = std::unique_ptr<VipsTarget, Unref>;

int write(const Picture& picture, const SaveSettings& settings, VipsTarget* target) {
    VipsImage* image = picture.vips();
    const gboolean strip = has_titles(image) ? FALSE : TRUE;
    const auto chroma =
        settings.full_chroma ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON;
    switch (settings.format) {
        case ImageFormat::kJpeg:
            return vips_jpegsave_target(
                image, target, "Q", settings.quality, "optimize_coding", TRUE, "interlace", TRUE,
                "subsample_mode", chroma, "strip", strip, nullptr
            );
        case ImageFormat::kPng:
            return vips_pngsave_target(
                image, target, "compression", settings.effort, "filter",
                VIPS_FOREIGN_PNG_FILTER_ALL, "strip", strip, nullptr
            );
        case ImageFormat::kWebp:
            return vips_webpsave_target(
                image, target, "Q", settings.quality, "effort", settings.effort, "strip", strip,
                nullptr
            );
        case ImageFormat::kAvif:
            return vips_heifsave_target(
                image, target, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "Q",
                settings.quality, "effort", settings.effort, "subsample_mode", chroma, "strip",
                strip, nullptr
            );
    }
    return -1;
}

Error failure_of(const Picture& picture) {
    Error error = picture.failure(ErrorKind::kCorruptMedia, "the picture is damaged or cut short");
    // libvips tells the system's reasons only as text.
    if (error.message.find(std::strerror(ENOSPC)) != std::string::npos)
        return {ErrorKind::kDiskFull, "there is no room left for the output", ""};
    if (error.message.find(std::strerror(EFBIG)) != std::string::npos)
        return {
            ErrorKind::kLimitExceeded, "the output is larger than allowed", "",
            LimitReached{"output_bytes"}
        };
    return error;
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
    if (!file)
        return Error{
            ErrorKind::kEncodeFailed, fmt::format("create the output: {}", std::strerror(errno)), ""
        };
    const Target target(vips_target_new_to_descriptor(file.get()));
    if (target == nullptr) return picture.failure(ErrorKind::kEncodeFailed, "create the output");
    if (write(picture, settings, target.get()) == 0) return {};
    ::unlink(name.c_str());
    return failure_of(picture);
}

}  // namespace ittybit::image
