#include "model/sniff_parts.h"

namespace ittybit::sniffing {
namespace {

using namespace std::string_view_literals;

/// The numbers of a TIFF in its own byte order.
struct Tiff {
    Head head;
    bool is_little;
    std::uint32_t u16(std::size_t at) const { return is_little ? le16(head, at) : be16(head, at); }
    std::uint32_t u32(std::size_t at) const { return is_little ? le32(head, at) : be32(head, at); }
    std::uint64_t u64(std::size_t at) const {
        const std::uint64_t first = u32(at);
        const std::uint64_t second = u32(at + 4);
        return is_little ? second << 32U | first : first << 32U | second;
    }
};

/// Where a directory's numbers lie: in the 32-bit TIFF of 1992, and in the 64-bit BigTIFF.
struct Layout {
    std::uint64_t directory;  // offset in the file
    std::uint64_t entries;    // how many it has
    std::size_t head_length;  // bytes before its first entry
    std::size_t entry_length;
    std::size_t value;  // offset within an entry
};

Layout layout_of(const Tiff& tiff, bool is_64_bit) {
    if (is_64_bit) {
        const std::uint64_t directory = tiff.u64(8);
        return {directory, tiff.u64(directory), 8, 20, 12};
    }
    const std::uint64_t directory = tiff.u32(4);
    return {directory, tiff.u16(directory), 2, 12, 8};
}

/// What the first directory says that a raw file's says (TIFF 6.0, TIFF/EP, DNG 1.7).
struct Directory {
    bool is_thumbnail = false;  // NewSubfileType 1: the real picture is elsewhere
    bool has_sub_pictures = false;
    bool has_camera = false;
    bool is_dng = false;
    bool is_sensor_data = false;  // colour filter array, linear raw, or a maker's own compression
};

Directory read_directory(const Tiff& tiff, bool is_64_bit) {
    Directory found;
    const Layout layout = layout_of(tiff, is_64_bit);
    if (layout.directory >= tiff.head.size()) return found;
    for (std::uint64_t entry = 0; entry < layout.entries; ++entry) {
        const std::size_t at = layout.directory + layout.head_length + entry * layout.entry_length;
        if (at + layout.entry_length > tiff.head.size()) break;
        const auto is_short = tiff.u16(at + 2) == 3;
        const auto value = is_short ? tiff.u16(at + layout.value) : tiff.u32(at + layout.value);
        switch (tiff.u16(at)) {
            case 254: found.is_thumbnail = (value & 1U) != 0; break;
            case 259:
                found.is_sensor_data |= value == 32767 || value == 34713 || value == 65535;
                break;
            case 262: found.is_sensor_data |= value == 32803 || value == 34892; break;
            case 271: found.has_camera = true; break;
            case 330: found.has_sub_pictures = true; break;
            case 50706: found.is_dng = true; break;
            default: break;
        }
    }
    return found;
}

}  // namespace

std::optional<Sniffed> sniff_tiff(Head head) {
    const bool is_little = has_at(head, 0, "II*\0"sv) || has_at(head, 0, "II+\0"sv);
    const bool is_big = has_at(head, 0, "MM\0*"sv) || has_at(head, 0, "MM\0+"sv);
    if (!is_little && !is_big) return std::nullopt;

    const bool is_canon = has_at(head, 8, "CR\x02");
    const bool is_64_bit = has_at(head, 0, "II+\0"sv) || has_at(head, 0, "MM\0+"sv);
    const Directory found = read_directory({head, is_little}, is_64_bit);
    const bool is_raw = is_canon || found.is_dng || found.is_sensor_data ||
                        (found.is_thumbnail && found.has_sub_pictures && found.has_camera);
    if (is_raw) {
        return refused(
            "raw",
            "this is a camera raw file: develop it and upload a JPEG, PNG, TIFF or HEIC instead"
        );
    }
    return still("tiff", "tiff_pipe");
}

}  // namespace ittybit::sniffing
