#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/titles.h"

/// The EXIF block of a picture (CIPA DC-008), read and written without libexif, which knows no
/// letters but ASCII's.
namespace ittybit::image {

/// `exif` with or without the six letters that JPEG puts in front.
Titles exif_titles(std::string_view exif);

/// The names in the text of an `Artist`, which are parted by semicolons.
std::vector<std::string> artists_in(std::string_view text);

/// A block, beginning with its byte order, that says no more than these titles and that the colours
/// are sRGB. Several artists are parted by "; ", as the Metadata Working Group says.
std::string exif_block(const Titles& titles);

}  // namespace ittybit::image
