#pragma once

#include <memory>

#include "image/source.h"
#include "model/limits.h"

namespace ittybit::image {

/// TIFFs that libvips 8.14 refuses, or reads wrongly: luma and colour differences (YCbCr) without a
/// newer JPEG around them, and grey in planes of its own beside others. They are read by libtiff's
/// own conversion to RGBA of 8 bits (TIFFRGBAImage), into memory, when the first pixel is asked
/// for. Null for all others. Errors: `unsupported_media`, `limit_exceeded`, those of the source.
Result<Image> read_odd_tiff(
    const std::shared_ptr<SourceState>& state, int page, const Limits& limits
);

/// What libvips does not heed of a TIFF that it reads. ICC L*a*b* (TIFF Technical Note 4), whose a*
/// and b* are counted from -128 and which it took for RGB, becomes L*a*b*; titles come from their
/// tags. Errors: `unsupported_media` of L*a*b* without a standard scale (ITU), those of the source.
Result<> complete_tiff(ByteSource& source, int page, Image& image);

}  // namespace ittybit::image
