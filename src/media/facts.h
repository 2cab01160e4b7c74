#pragma once

#include "media/input.h"
#include "model/file.h"

namespace ittybit::media {

/// The facts that SPEC's `file` object has, as far as the container, the stream headers and a few
/// decoded frames tell; `url` is left out. Does not move the input. Errors: `unsupported_media`
/// when there is neither picture nor sound, those of the source, `cancelled`.
Result<File> facts_of(const Input& input);

}  // namespace ittybit::media
