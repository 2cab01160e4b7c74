#pragma once

#include "media/input.h"
#include "model/file.h"

namespace ittybit::media {

/// The facts that SPEC's `file` object has, as far as the container, the stream headers and a few
/// decoded frames tell. `url` is left out. Reads on in the input: rewind before decoding.
Result<File> facts_of(Input& input);

}  // namespace ittybit::media
