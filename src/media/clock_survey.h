#pragma once

#include "media/input.h"

namespace ittybit::media {

/// Whether the clock of a stream steps somewhere, in a file that is too large to be read through:
/// looks at places in between, closer where time goes by unevenly. Steps of less than ten seconds,
/// and several that even each other out, may stay unseen. Moves `reader`. Errors: those of the
/// source.
Result<bool> has_steps(Input& reader, int stream_index);

}  // namespace ittybit::media
