#include "image/heif_sequence.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "image/heif_meta.h"
#include "image/overlaid_source.h"

namespace ittybit::image {
namespace {

constexpr std::uint64_t kMostMovie = 8'000'000;

std::string_view content_of(std::string_view parent, std::string_view type) {
    for (const Box& box : boxes_in(parent))
        if (box.type == type) return box.content;
    return {};
}

/// A big-endian number, all ones where it would lie behind the end.
std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t length) {
    if (at + length > bytes.size()) return std::numeric_limits<std::uint64_t>::max();
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(at, length))
        number = number << 8U | static_cast<std::uint8_t>(byte);
    return number;
}

/// A duration of the movie's timescale; 0 when nobody knows it.
std::uint64_t duration_at(std::string_view bytes, std::size_t at, bool is_wide) {
    const std::uint64_t found = number_at(bytes, at, is_wide ? 8 : 4);
    const auto unknown = is_wide ? std::numeric_limits<std::uint64_t>::max()
                                 : std::numeric_limits<std::uint32_t>::max();
    return found >= unknown ? 0 : found;
}

}  // namespace

Result<int> plays_of_sequence(ByteSource& source) {
    const auto extent = TRY(find_box(source, "moov"));
    if (!extent || extent->length > kMostMovie) return 0;
    const std::string bytes = TRY(read_text(source, extent->offset, extent->length));
    const std::string_view track = content_of(content_of(bytes, "moov"), "trak");
    const std::string_view header = content_of(track, "tkhd");
    const std::string_view edits = content_of(content_of(track, "edts"), "elst");
    if (edits.size() < 12 || header.empty()) return 0;
    const bool is_repeated = (edits[3] & 1) != 0;
    if (!is_repeated) return 1;
    const bool is_wide = header.front() == 1;
    const std::uint64_t all = duration_at(header, is_wide ? 28 : 20, is_wide);
    const std::uint64_t once = duration_at(edits, 8, edits.front() == 1);
    if (all == 0 || once == 0) return 0;
    return static_cast<int>(std::min<std::uint64_t>((all + once - 1) / once, 65535));
}

}  // namespace ittybit::image
