#pragma once

#include "media/input.h"
#include "model/file.h"

namespace ittybit::media {

/// The facts that SPEC's `file` object has, as far as the container, the stream headers and a few
/// decoded frames tell; `url` is left out. Does not move the input. Errors: `unsupported_media`
/// when there is neither picture nor sound, those of the source, `cancelled`.
Result<File> facts_of(const Input& input);

/// Pictures a second as facts tell them: to the thousandth (29.97, not 29.97002997).
double shown_rate(double fps);

/// Whether a video stream's pictures are made of fields: the container's word where it has one;
/// else, and where the word is "interlaced", the first frames'. Nothing when nobody can say.
Result<std::optional<bool>> find_interlaced(const Input& input, const AVStream& stream);

}  // namespace ittybit::media
