#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "image/header.h"
#include "model/geometry.h"
#include "model/limits.h"
#include "model/sniff.h"

// libvips' image, so that its headers stay in this folder.
using VipsImage = struct _VipsImage;

namespace ittybit::image {

/// Decoded pixels, rows from the top without gaps, channels interleaved, alpha not premultiplied.
/// 16-bit samples in the machine's byte order.
struct Pixels {
    int width = 0;
    int height = 0;
    int bands = 3;  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
    int bits = 8;   // 8 or 16
    std::vector<std::byte> bytes;
    std::vector<std::byte> icc_profile;  // empty: sRGB
    int orientation = 1;                 // EXIF: 1–8
};

struct SourceState;

/// A picture on its way from file to file: lazy, so that its pixels are only computed when it is
/// written. A step (steps.h) takes one and gives the next. The ByteSource it was opened on must
/// outlive it. Movable; one thread at a time.
class Picture {
public:
    /// How much of the file is decoded.
    struct Load {
        int page = 0;       // which frame or page
        int shrink_by = 1;  // at least how many times smaller on each side the result may be
    };

    /// Reads the header, judges it, and prepares decoding. `shrink_by` lets JPEG and WebP decode
    /// fewer pixels: the picture may come out smaller than stored, never by more than that.
    /// Errors: `unsupported_media`, `corrupt_media`, `limit_exceeded` (pixels, frames), those of
    /// the source.
    static Result<Picture> open(
        ByteSource& source, const Sniffed& sniffed, const Limits& limits, const Load& load
    );

    /// A picture of pixels decoded by others. Errors: `internal_error`.
    static Result<Picture> from_pixels(Pixels pixels);

    Picture(Picture&&) noexcept;
    Picture& operator=(Picture&&) noexcept;
    Picture(const Picture&) = delete;
    Picture& operator=(const Picture&) = delete;
    ~Picture();

    /// Of the pixels as they are now: after orientation once `orient` was a step.
    Size size() const;
    bool has_alpha() const;

    /// Computes the pixels, as 8-bit RGB or RGBA. Errors: `corrupt_media`, those of the source.
    Result<Pixels> pixels() const;

    // For this folder.
    Picture(VipsImage* owned, std::shared_ptr<SourceState> state);
    VipsImage* vips() const { return image_; }
    /// The same source, another image.
    Picture with(VipsImage* owned) const { return {owned, state_}; }
    /// Why computing failed: what the source said, else what libvips said as `kind`.
    Error failure(ErrorKind kind, std::string_view doing) const;

private:
    VipsImage* image_;  // owned
    std::shared_ptr<SourceState> state_;
};

}  // namespace ittybit::image
