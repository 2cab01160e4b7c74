#pragma once

#include <optional>
#include <string>

#include "image/picture.h"

namespace ittybit::image {

/// A PNG with a palette, of as few bits a pixel as its colours need: what such a picture was before
/// it was decoded. Nothing when it has more than 256 colours, or no 8-bit samples.
std::optional<std::string> palette_png(const Pixels& pixels);

/// A PNG chunk: length, type, content and checksum.
std::string png_chunk(std::string_view type, std::string_view content);

}  // namespace ittybit::image
