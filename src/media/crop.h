#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "media/input.h"

namespace ittybit::media {

/// What the container says to leave out of each track's pictures, in the order of tracks: `clap` of
/// ISO/IEC 14496-12, 12.1.4, or Matroska's PixelCrop (RFC 9559, 5.1.4.1.28). libav hands on
/// neither. Empty where it says nothing. Errors: those of the source.
Result<std::vector<Crop>> read_crops(ByteSource& source, const Sniffed& sniffed);

}  // namespace ittybit::media
