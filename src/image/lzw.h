#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ittybit::image {

/// GIF's image data (GIF89a, appendix F): the size of the first codes, then blocks of up to 255
/// bytes, the last of them empty. `pixels` are below 2^bits; `bits` is 2–8.
std::string lzw_blocks(std::span<const std::uint8_t> pixels, int bits);

}  // namespace ittybit::image
