#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/bytes.h"

/// What a PNG says beside its pixels (W3C PNG, third edition).
namespace ittybit::image {

/// The `cHRM` chunk: x and y of white, red, green and blue in CIE 1931.
using Chromaticities = std::array<double, 8>;

/// What libvips does not pass on of the chunks in front of the pixels.
struct PngFacts {
    int colour_type = 2;  // 3: a palette
    int bit_depth = 8;
    int primaries = 2;  // `cICP`: code points of ITU-T H.273; 2 where it has none
    int transfer = 2;
    bool is_srgb = false;         // `sRGB`
    std::optional<double> gamma;  // `gAMA`: the exponent that encoded it, about 0.4545
    std::optional<Chromaticities> chromaticities;
    std::optional<int> plays;  // `acTL`: how often an animation plays; 0 for ever
};

/// Errors: those of the source. What is damaged is left as it is: the reader of the pixels will
/// tell.
Result<PngFacts> read_png_facts(ByteSource& source);

/// The same PNG of the same length, in which a reader finds nothing but what matters to the
/// picture: of its text, packed or not, no more than 4 MB unpacked, and no chunk that nobody here
/// knows. The others become chunks of zeros that every reader passes over. The source must outlive
/// it. Reading fails with `limit_exceeded` (profile_bytes) at a colour profile that unpacks beyond
/// 16 MB.
std::unique_ptr<ByteSource> without_bulk(ByteSource& png);

}  // namespace ittybit::image
