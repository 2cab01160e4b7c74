#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::image {

/// What libvips does not pass on of a TIFF's first directory (TIFF 6.0, and BigTIFF).
struct TiffFacts {
    int photometric = 0;  // 6: YCbCr
    int compression = 1;  // 6 and 7: JPEG
};

/// Errors: those of the source.
Result<TiffFacts> read_tiff_facts(ByteSource& source);

}  // namespace ittybit::image
