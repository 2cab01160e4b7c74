#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::media {

/// What the edit lists of a film (ISO/IEC 14496-12, 8.6.6) ask for beyond leaving out and delaying,
/// which libav does not do, or not exactly.
struct HardEdits {
    bool are_several = false;  // parts of a track are put together
    bool are_pauses = false;   // nothing, or a still picture, is shown amid the track
};

/// Of all tracks of the film that begins at a byte. Errors: those of the source.
Result<HardEdits> hard_edits(ByteSource& source, std::uint64_t start);

}  // namespace ittybit::media
