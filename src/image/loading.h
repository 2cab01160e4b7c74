#pragma once

#include <memory>

#include "image/header.h"
#include "image/picture.h"
#include "image/source.h"

namespace ittybit::image {

/// A picture as libvips reads it, and where its bytes come from.
struct Loaded {
    std::shared_ptr<SourceState> state;
    Image image;
};

/// Opens by the sniffed format's own loader; only the header is read. Errors: `unsupported_media`,
/// `corrupt_media`, those of the source, `limit_exceeded` where a picture is larger than libvips
/// could say.
Result<Loaded> load(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, const Picture::Load& how
);

Header header_of(VipsImage* image, const Sniffed& sniffed);

/// Errors: `limit_exceeded`.
Result<> check_pixels(std::uint32_t width, std::uint32_t height, const Limits& limits);
Result<> check_limits(const Header& header, const Limits& limits);

}  // namespace ittybit::image
