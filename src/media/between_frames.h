#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::media {

/// What a file of sound without a container consists of, in bytes.
struct FramesAndRest {
    std::uint64_t frames = 0;
    std::uint64_t rest = 0;  // neither frames nor tags, nor zeros in front or some at the end
    std::uint64_t longest_frame = 0;
};

/// Goes from frame to frame, from the byte `from` to `to` or to the end. `demuxer` names the kind;
/// of those whose frames are not known here, nothing is found. Errors: those of the source.
Result<FramesAndRest> frames_and_rest(
    ByteSource& source, std::uint64_t from, std::uint64_t to, std::string_view demuxer
);

}  // namespace ittybit::media
