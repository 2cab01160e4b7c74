#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::media {

/// Whether a JPEG XL (ISO/IEC 18181), bare or in boxes, has pictures in time. libav gives the first
/// one alone. Errors: those of the source.
Result<bool> is_animated_jpegxl(ByteSource& source);

}  // namespace ittybit::media
