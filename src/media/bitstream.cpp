#include "media/bitstream.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace ittybit::media {
namespace {

/// What the box of this name holds, wherever it lies: at least `least` bytes, else nothing.
ByteView configuration(ByteView init, std::string_view name, std::size_t least) {
    const auto found = std::ranges::search(init, name, {}, {}, [](char letter) {
        return static_cast<std::uint8_t>(letter);
    });
    const ByteView rest(found.end(), init.end());
    return rest.size() < least ? ByteView() : rest;
}

/// HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1).
std::string hevc_codec(ByteView record) {
    constexpr std::array<std::string_view, 4> kSpaces = {"", "A", "B", "C"};
    std::uint32_t compatible = 0;  // the bits in reverse order
    for (int bit = 0; bit < 32; ++bit) {
        const auto byte = record[2 + static_cast<std::size_t>(bit) / 8];
        compatible |= static_cast<std::uint32_t>((byte >> (7 - bit % 8)) & 1) << bit;
    }
    auto text = fmt::format(
        "hvc1.{}{}.{:X}.{}{}", kSpaces[record[1] >> 6], record[1] & 0x1F, compatible,
        (record[1] & 0x20) != 0 ? "H" : "L", record[12]
    );
    auto constraints = record.subspan(6, 6);
    while (!constraints.empty() && constraints.back() == 0)
        constraints = constraints.first(constraints.size() - 1);
    for (const auto byte : constraints) text += fmt::format(".{:X}", byte);
    return text;
}

/// AV1CodecConfigurationRecord (AV1 in ISOBMFF, 2.3.3).
std::string av1_codec(ByteView record) {
    const bool is_deep = (record[2] & 0x40) != 0;
    return fmt::format(
        "av01.{}.{:02}{}.{:02}", record[1] >> 5, record[1] & 0x1F,
        (record[2] & 0x80) != 0 ? "H" : "M", is_deep ? ((record[2] & 0x20) != 0 ? 12 : 10) : 8
    );
}

}  // namespace

std::vector<ByteView> nal_units(ByteView annex_b) {
    constexpr std::array<std::uint8_t, 3> kStartCode = {0, 0, 1};
    std::vector<ByteView> units;
    auto code = std::ranges::search(annex_b, kStartCode);
    while (!code.empty()) {
        const ByteView rest(code.end(), annex_b.end());
        code = std::ranges::search(rest, kStartCode);
        ByteView unit(rest.begin(), code.begin());
        while (!unit.empty() && unit.back() == 0) unit = unit.first(unit.size() - 1);
        if (!unit.empty()) units.push_back(unit);
    }
    return units;
}

std::string avc_codec(ByteView extradata) {
    constexpr int kSequenceParameters = 7;
    for (const ByteView unit : nal_units(extradata)) {
        if (unit.size() < 4 || (unit.front() & 0x1F) != kSequenceParameters) continue;
        return fmt::format("avc1.{:02x}{:02x}{:02x}", unit[1], unit[2], unit[3]);
    }
    return "avc1";
}

std::string configured_codec(ByteView init) {
    if (const auto record = configuration(init, "hvcC", 13); !record.empty())
        return hevc_codec(record);
    if (const auto record = configuration(init, "av1C", 4); !record.empty())
        return av1_codec(record);
    return "";
}

std::string aac_codec(ByteView configuration) {
    if (configuration.size() < 2) return "mp4a.40";
    constexpr int kEscape = 31;
    int type = configuration[0] >> 3;
    if (type == kEscape) type = 32 + ((configuration[0] & 7) << 3) + (configuration[1] >> 5);
    return fmt::format("mp4a.40.{}", type);
}

}  // namespace ittybit::media
