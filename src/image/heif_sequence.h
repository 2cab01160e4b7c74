#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::image {

/// How often the sequence of an AVIF or HEIC plays, 0 for ever: what the edit list of its first
/// track says (ISO/IEC 23008-12, 7.2 and 9.6), and where there is none, as browsers do, for ever.
/// Errors: those of the source.
Result<int> plays_of_sequence(ByteSource& source);

}  // namespace ittybit::image
