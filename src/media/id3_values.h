#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "media/overlaid.h"

namespace ittybit::media {

/// What makes one text of the several values (artists, genres) that a text frame of the ID3v2.3 or
/// 2.4 tag at the front may hold, with NUL between them, of which libav reads the first alone: a
/// semicolon for each NUL, as libav has it between Vorbis' several comments. Errors: those of the
/// source.
Result<std::vector<Patch>> joined_values(ByteSource& source);

}  // namespace ittybit::media
