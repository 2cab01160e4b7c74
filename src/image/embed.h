#pragma once

#include <string>

#include "base/result.h"
#include "image/titles.h"
#include "model/options.h"

namespace ittybit::image {

/// Puts titles into a written picture, the file `name` of the current folder that has no metadata
/// yet: EXIF and XMP. WebP without titles loses the EXIF that libvips writes unasked. AVIF has its
/// titles already, and is told that its colours are sRGB's. Errors: `encode_failed`, `disk_full`,
/// `limit_exceeded` (output_bytes).
Result<> embed(const Titles& titles, ImageFormat format, const std::string& name);

}  // namespace ittybit::image
