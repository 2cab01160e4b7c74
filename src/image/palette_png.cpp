#include "image/palette_png.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <zlib.h>

namespace ittybit::image {
namespace {

constexpr std::size_t kMostColours = 256;

std::string big_endian(std::size_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU);
    return bytes;
}

/// Alpha on top, so that what is clear comes first in order: only that needs an entry in `tRNS`.
using Colour = std::uint32_t;

Colour colour_at(const Pixels& pixels, std::size_t pixel) {
    const auto bands = static_cast<std::size_t>(pixels.bands);
    const auto part = [&](std::size_t band) {
        return std::to_integer<std::uint32_t>(pixels.bytes[pixel * bands + band]);
    };
    const std::uint32_t alpha = bands % 2 == 0 ? part(bands - 1) : 255;
    const bool is_grey = bands < 3;
    return alpha << 24U | part(0) << 16U | part(is_grey ? 0 : 1) << 8U | part(is_grey ? 0 : 2);
}

/// Nothing when there are too many.
std::optional<std::vector<Colour>> colours_of(const Pixels& pixels, std::size_t count) {
    std::unordered_map<Colour, bool> seen;
    for (std::size_t i = 0; i < count; ++i) {
        seen.emplace(colour_at(pixels, i), true);
        if (seen.size() > kMostColours) return std::nullopt;
    }
    std::vector<Colour> colours;
    for (const auto& [colour, _] : seen) colours.push_back(colour);
    std::ranges::sort(colours);
    return colours;
}

unsigned depth_for(std::size_t colours) {
    if (colours <= 2) return 1;
    if (colours <= 4) return 2;
    return colours <= 16 ? 4 : 8;
}

/// Rows of the palette's numbers, each behind a filter's (none helps here).
std::string rows_of(const Pixels& pixels, const std::vector<Colour>& colours, unsigned depth) {
    std::unordered_map<Colour, unsigned> numbers;
    for (std::size_t i = 0; i < colours.size(); ++i) numbers[colours[i]] = static_cast<unsigned>(i);
    const auto width = static_cast<std::size_t>(pixels.width);
    std::string rows;
    for (std::size_t y = 0; y < static_cast<std::size_t>(pixels.height); ++y) {
        rows += '\0';
        unsigned byte = 0;
        unsigned bits = 0;
        for (std::size_t x = 0; x < width; ++x) {
            byte = byte << depth | numbers.find(colour_at(pixels, y * width + x))->second;
            bits += depth;
            if (bits < 8) continue;
            rows += static_cast<char>(byte);
            byte = bits = 0;
        }
        if (bits > 0) rows += static_cast<char>(byte << (8 - bits));
    }
    return rows;
}

std::optional<std::string> packed(const std::string& bytes) {
    uLongf length = compressBound(bytes.size());
    std::string out(length, '\0');
    const int code = compress2(
        reinterpret_cast<Bytef*>(out.data()), &length, reinterpret_cast<const Bytef*>(bytes.data()),
        bytes.size(), Z_BEST_COMPRESSION
    );
    if (code != Z_OK) return std::nullopt;
    out.resize(length);
    return out;
}

std::string palette_chunks(const std::vector<Colour>& colours) {
    std::string palette;
    std::string alphas;
    for (const Colour colour : colours) {
        for (const unsigned shift : {16U, 8U, 0U})
            palette += static_cast<char>((colour >> shift) & 0xFFU);
        if (colour >> 24U != 255) alphas += static_cast<char>(colour >> 24U);
    }
    const std::string chunk = png_chunk("PLTE", palette);
    return alphas.empty() ? chunk : chunk + png_chunk("tRNS", alphas);
}

}  // namespace

std::string png_chunk(std::string_view type, std::string_view content) {
    const std::string body = std::string(type) + std::string(content);
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    return big_endian(content.size()) + body + big_endian(sum);
}

std::optional<std::string> palette_png(const Pixels& pixels) {
    if (pixels.bits != 8) return std::nullopt;
    const auto width = static_cast<std::size_t>(pixels.width);
    const auto height = static_cast<std::size_t>(pixels.height);
    const auto colours = colours_of(pixels, width * height);
    if (!colours) return std::nullopt;
    const unsigned depth = depth_for(colours->size());
    const auto data = packed(rows_of(pixels, *colours, depth));
    if (!data) return std::nullopt;
    std::string head = big_endian(width) + big_endian(height);
    head += static_cast<char>(depth);
    head += std::string("\3\0\0\0", 4);  // a palette; zlib, no other filters, not interlaced
    return std::string("\x89PNG\r\n\x1A\n") + png_chunk("IHDR", head) + palette_chunks(*colours) +
           png_chunk("IDAT", *data) + png_chunk("IEND", {});
}

}  // namespace ittybit::image
