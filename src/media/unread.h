#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::media {

enum class Unread { kNothing, kAnotherFile, kDamage };

/// What is behind the packet at the byte `from`, the last one that `demuxer` gave: another file of
/// the kind, since libav does not read on to each that was put behind another, or, in Ogg, what
/// cannot be read. Errors: those of the source.
Result<Unread> unread_behind(ByteSource& source, std::uint64_t from, std::string_view demuxer);

/// Where, in ISO media that begin at `from`, another film begins that was put behind the first one:
/// at a second header. One that is only repeated, between fragments whose times go on, is the same
/// film's. Files whose fragments are indexed in front are not looked through. Errors: those of the
/// source.
Result<std::optional<std::uint64_t>> another_film(ByteSource& source, std::uint64_t from);

}  // namespace ittybit::media
