#pragma once

#include <optional>
#include <string>

#include "image/png_chunks.h"

namespace ittybit::image {

/// An ICC profile (ICC.1:2010) for a picture whose file tells its colours in `gAMA` and `cHRM`
/// alone, or as these would. Nothing when these say no more than sRGB, or nothing that can be.
std::optional<std::string> made_profile(const PngFacts& facts, bool is_grey);

}  // namespace ittybit::image
