#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::media {

enum class Unread { kNothing, kAnotherFile, kDamage };

/// What is behind the packet at the byte `from`, the last one that `demuxer` gave: another file of
/// the kind, since libav does not read on to each that was put behind another, or, in Ogg, what
/// cannot be read. Errors: those of the source.
Result<Unread> unread_behind(ByteSource& source, std::uint64_t from, std::string_view demuxer);

}  // namespace ittybit::media
