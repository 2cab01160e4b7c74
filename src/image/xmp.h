#pragma once

#include <string>
#include <string_view>

#include "image/titles.h"

/// The XMP packet of a picture (ISO 16684-1).
namespace ittybit::image {

Titles xmp_titles(std::string_view xmp);

/// A packet with these titles and nothing else, in UTF-8.
std::string xmp_packet(const Titles& titles);

}  // namespace ittybit::image
