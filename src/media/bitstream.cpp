#include "media/bitstream.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ittybit::media {

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

std::string aac_codec(ByteView configuration) {
    if (configuration.size() < 2) return "mp4a.40";
    constexpr int kEscape = 31;
    int type = configuration[0] >> 3;
    if (type == kEscape) type = 32 + ((configuration[0] & 7) << 3) + (configuration[1] >> 5);
    return fmt::format("mp4a.40.{}", type);
}

}  // namespace ittybit::media
