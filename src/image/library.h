#pragma once

#include <string>

#include "base/result.h"

/// Still pictures by libvips, and animated WebP by libwebp. Reads pictures from a ByteSource,
/// changes them step by step, writes files. Knows no libav: pixels that others decoded come in as
/// Pixels.
namespace ittybit::image {

/// Starts libvips: refuses every loader but ours (jpeg, png, webp, gif, tiff, heif/avif), keeps no
/// cache, and reads and writes a tiny picture in every format, so that nothing opens files later
/// behind the walls. Once per process, before it forks; a second call does nothing. Errors:
/// `internal_error`.
Result<> init();

/// Whether a JPEG that was read since it was asked last had lost data, and so may look wrong in
/// parts. Of the whole process: any thread may have read it.
bool take_damage();

/// How many threads libvips may use for one operation; 0 for one per core.
void set_threads(int count);

/// "8.14.1"
std::string version();

}  // namespace ittybit::image
