#include "model/sound_frames.h"

#include <array>
#include <cstdint>

#include "model/sniff_parts.h"

namespace ittybit {

using sniffing::be16;
using sniffing::be32;
using sniffing::byte_at;

std::size_t mpeg_audio_frame(std::string_view head, std::size_t at) {
    constexpr std::array<std::array<std::uint32_t, 15>, 5> kKilobits = {{
        {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},  // 1, layer I
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},     // 1, II
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},      // 1, III
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},     // 2, I
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},          // 2, II and III
    }};
    constexpr std::array<std::uint32_t, 3> kRates = {44100, 48000, 32000};

    const auto header = be32(head, at);
    const auto version = (header >> 19U) & 3U;  // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    const auto layer = 4U - ((header >> 17U) & 3U);
    const auto bitrate = (header >> 12U) & 15U;
    const auto rate = (header >> 10U) & 3U;
    if ((header >> 21U) != 0x7FFU || version == 1 || layer == 4) return 0;
    if (bitrate == 0 || bitrate == 15 || rate == 3) return 0;

    const bool is_first = version == 3;
    const auto row = is_first ? layer - 1 : (layer == 1 ? 3U : 4U);
    const auto bits = kKilobits.at(row).at(bitrate) * 1000;
    const auto hertz = kRates.at(rate) >> (is_first ? 0U : version == 2 ? 1U : 2U);
    const auto padding = (header >> 9U) & 1U;
    if (layer == 1) return std::size_t{4} * (std::size_t{12} * bits / hertz + padding);
    const auto factor = layer == 3 && !is_first ? 72U : 144U;
    return std::size_t{factor} * bits / hertz + padding;
}

std::size_t adts_frame(std::string_view head, std::size_t at) {
    if ((be16(head, at) & 0xFFF6U) != 0xFFF0U) return 0;
    if (((byte_at(head, at + 2) >> 2U) & 15U) > 12) return 0;
    const auto length = (be32(head, at + 3) >> 13U) & 0x1FFFU;
    return length >= 7 ? length : 0;
}

std::size_t ac3_frame(std::string_view head, std::size_t at) {
    constexpr std::array<std::uint32_t, 19> kKilobits = {
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640
    };
    if (be16(head, at) != 0x0B77) return 0;
    const auto version = byte_at(head, at + 5) >> 3U;
    if (version > 10 && version <= 16) return std::size_t{2} * ((be16(head, at + 2) & 0x7FFU) + 1);
    const auto code = byte_at(head, at + 4);
    if (version > 10 || (code >> 6U) == 3 || (code & 63U) > 37) return 0;
    const auto kilobits = kKilobits.at((code & 63U) / 2);
    switch (code >> 6U) {
        case 0: return std::size_t{4} * kilobits;
        case 2: return std::size_t{6} * kilobits;
        default: return std::size_t{2} * (kilobits * 320 / 147 + (code & 1U));
    }
}

std::size_t tag_length(std::string_view head) {
    constexpr std::size_t kId3v1 = 128;
    constexpr std::size_t kApeHeader = 32;
    if (const std::size_t length = sniffing::id3_length(head); length > 0) return length;
    if (head.starts_with("TAG")) return kId3v1;
    if (head.starts_with("APETAGEX")) return sniffing::le32(head, 12) + kApeHeader;
    constexpr std::string_view kEnd = "LYRICS200";
    const auto end = head.starts_with("LYRICSBEGIN") ? head.find(kEnd) : std::string_view::npos;
    return end == std::string_view::npos ? 0 : end + kEnd.size();
}

}  // namespace ittybit
