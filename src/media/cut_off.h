#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::media {

/// Whether a file that begins at the byte `start` ends in the middle of a frame or block, or before
/// its one container does: of Matroska, WavPack and DTS, whose frames and blocks tell how long they
/// are, and of WAV, AVI, AIFF, CAF, AU, W64, ASF and MXF, whose containers do; of others false.
/// `last` is the byte of the last packet that `demuxer` gave. Errors: those of the source.
Result<bool> ends_amid(
    ByteSource& source, std::uint64_t start, std::uint64_t last, std::string_view demuxer
);

}  // namespace ittybit::media
