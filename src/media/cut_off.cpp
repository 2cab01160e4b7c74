#include "media/cut_off.h"

#include <algorithm>
#include <array>
#include <optional>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

constexpr int kMostPieces = 200'000;  // looked at in one file

/// Whether pictures or sound are missing of an element that is cut off.
bool holds_media(std::uint64_t name) {
    constexpr std::array<std::uint64_t, 4> kHolders = {kSegment, kCluster, 0xA3, 0xA0};  // blocks
    return std::ranges::find(kHolders, name) != kHolders.end();
}

/// Goes from element to element, into those that have no size, or are the whole.
Result<bool> ends_amid_element(Bytes& bytes, std::uint64_t size) {
    constexpr std::uint64_t kNever = std::uint64_t{1} << 62U;  // the end of what has no size
    std::uint64_t whole = kNever;                              // the end of the segment
    std::uint64_t at = 0;
    for (int i = 0; i < kMostPieces && at < size; ++i) {
        const auto element = TRY(read_element(bytes, at, kNever));
        if (!element) return bytes.is_at_end();
        if (element->name == kSegment) whole = element->end;
        const bool is_open = element->end == kNever || element->name == kSegment;
        if (!is_open && element->end > size) return holds_media(element->name);
        at = is_open ? element->begin : element->end;
        if (at >= whole) return false;
    }
    return at >= size && whole != kNever;
}

/// WavPack's blocks, of which each tells its length but for the first eight bytes, in the order of
/// PCs.
Result<bool> ends_amid_block(Bytes& bytes, std::uint64_t size) {
    std::uint64_t at = 0;
    for (int i = 0; i < kMostPieces && at < size; ++i) {
        if (TRY(bytes.number(at, 4)) != letters("wvpk")) return false;
        std::uint64_t length = 0;
        for (std::uint64_t place = 8; place-- > 4;)
            length = length << 8U | TRY(bytes.number(at + place, 1));
        at += 8 + length;
    }
    return at > size;
}

/// How long a frame of DTS is: its core (ETSI TS 102 114, 5.3), or what extends it (7.4); 0 of what
/// is none.
Result<std::uint64_t> dts_frame(Bytes& bytes, std::uint64_t at) {
    const auto sync = TRY(bytes.number(at, 4));
    const auto head = TRY(bytes.number(at + 4, 8));
    if (sync == 0x7FFE8001) return (head >> 36U & 0x3FFFU) + 1;
    if (sync != 0x64582025) return std::uint64_t{0};
    const bool is_long = (head >> 53U & 1U) != 0;
    return (is_long ? head >> 21U & 0xFFFFFU : head >> 29U & 0xFFFFU) + 1;
}

/// From the first frame at or behind the last packet, whose place is that of some bytes before.
Result<bool> ends_amid_frame(Bytes& bytes, std::uint64_t last, std::uint64_t size) {
    constexpr std::uint64_t kLooked = 65536;
    std::uint64_t at = last;
    while (at < std::min(size, last + kLooked) && TRY(dts_frame(bytes, at)) == 0) ++at;
    while (at < size) {
        const auto length = TRY(dts_frame(bytes, at));
        if (length == 0) return false;
        at += length;
    }
    return at > size;
}

}  // namespace

Result<bool> ends_amid(
    ByteSource& source, std::uint64_t start, std::uint64_t last, std::string_view demuxer
) {
    const auto whole = source.size();
    if (!whole || *whole < start) return false;
    Bytes bytes(source, start);
    const std::uint64_t size = *whole - start;
    if (demuxer == "matroska") return ends_amid_element(bytes, size);
    if (demuxer == "wv") return ends_amid_block(bytes, size);
    return demuxer == "dts" ? ends_amid_frame(bytes, last - std::min(last, start), size) : false;
}

}  // namespace ittybit::media
