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
};

/// What the first directory says that a raw file's says (TIFF 6.0, TIFF/EP, DNG 1.7).
struct Directory {
    bool is_thumbnail = false;  // NewSubfileType 1: the real picture is elsewhere
    bool has_sub_pictures = false;
    bool has_camera = false;
    bool is_dng = false;
    bool is_sensor_data = false;  // colour filter array, linear raw, or a maker's own compression
};

Directory read_directory(const Tiff& tiff) {
    Directory found;
    const std::size_t start = tiff.u32(4);
    const std::size_t count = tiff.u16(start);
    for (std::size_t entry = 0; entry < count && start + 2 + entry * 12 < tiff.head.size();
         ++entry) {
        const std::size_t at = start + 2 + entry * 12;
        const auto is_short = tiff.u16(at + 2) == 3;
        const auto value = is_short ? tiff.u16(at + 8) : tiff.u32(at + 8);
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
    const Directory found = read_directory({head, is_little});
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
