#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "media/bitstream.h"

namespace ittybit::media {

/// A sample as a player's demuxer sees it; times in ticks of the track, edit lists applied.
struct ReadSample {
    std::int64_t presented = 0;
    std::int64_t decoded = 0;
    bool is_key = false;
};

/// Demuxes one media segment behind its initialisation segment with libav, without decoding: the
/// independent look at our own fragments. Errors: `output_invalid` when libav cannot read them or
/// they hold more than one stream.
Result<std::vector<ReadSample>> read_fragments(ByteView init, ByteView segment);

}  // namespace ittybit::media
