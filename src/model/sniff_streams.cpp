#include <algorithm>

#include "model/sniff_parts.h"
#include "model/sound_frames.h"

namespace ittybit::sniffing {
namespace {

using namespace std::string_view_literals;

constexpr int kFramesInRow = 4;

/// AAC in LOAS/LATM (ISO 14496-3, 1.7).
std::size_t loas_frame(Head head, std::size_t at) {
    if ((be16(head, at) & 0xFFE0U) != 0x56E0U) return 0;
    return std::size_t{3} + ((be32(head, at) >> 8U) & 0x1FFFU);
}

/// How many frames follow one another from `at` on; a frame cut off by the end of the head counts.
template <typename Length>
int frames_in_row(Head head, std::size_t at, Length length) {
    int count = 0;
    while (count < kFramesInRow && at + 4 < head.size()) {
        const std::size_t size = length(head, at);
        if (size == 0) return 0;
        at += size;
        ++count;
    }
    return count;
}

/// Enough frames in a row to believe it; a short file has fewer, and its last may be cut off.
template <typename Length>
bool repeats(Head head, std::size_t at, Length length) {
    const int count = frames_in_row(head, at, length);
    return count == kFramesInRow || (count >= 1 && head.size() - at < 8192);
}

/// MPEG transport stream (ISO 13818-1): 0x47 every 188, 192 (M2TS) or 204 bytes.
bool is_transport_stream(Head head) {
    constexpr std::size_t kPackets = 8;
    if (head.find("\x47\x40\0\x10\0\0\xB0"sv) != Head::npos) return true;  // a PAT, amid junk
    for (const std::size_t packet : {188U, 192U, 204U}) {
        const std::size_t wanted = std::min(kPackets, head.size() / packet);
        if (wanted < 3) continue;
        const std::size_t last = head.size() - (wanted - 1) * packet;
        for (std::size_t start = 0; start < std::min<std::size_t>(last, 8192); ++start) {
            std::size_t count = 0;
            while (count < wanted && byte_at(head, start + count * packet) == 0x47) ++count;
            if (count == wanted) return true;
        }
    }
    return false;
}

/// Streams of start codes: 00 00 01 and what it announces.
std::optional<Sniffed> sniff_start_code(Head head) {
    std::size_t zeros = 0;
    while (zeros < 16 && zeros < head.size() && head[zeros] == '\0') ++zeros;
    if (zeros < 2 || byte_at(head, zeros) != 1) return std::nullopt;
    const auto code = byte_at(head, zeros + 1);
    const auto next = byte_at(head, zeros + 2);
    if (code == 0xBA || code == 0xBB) return media("mpegps", "mpeg");
    if (code >= 0xC0 && code <= 0xEF) return media("mpegps", "mpeg");
    if (code == 0xB3) return media("mpegvideo", "mpegvideo");
    if (code == 0xB0 || code == 0xB5) return media("m4v", "m4v");
    if (code == 0x0F) return media("vc1", "vc1");
    const bool is_hevc = (code == 0x40 || code == 0x42 || code == 0x46) && next == 1;
    if (is_hevc) return media("hevc", "hevc");
    const auto unit = code & 31U;
    if (code < 128 && (unit == 7 || unit == 9 || code == 6)) return media("h264", "h264");
    if (code == 0 || code == 0x20) return media("m4v", "m4v");
    return std::nullopt;
}

/// DIF blocks (IEC 61834): the header block of the first sequence.
bool is_dv(Head head) {
    return (be32(head, 0) & 0xFFFFFF7FU) == 0x1F07003FU;
}

}  // namespace

std::optional<Sniffed> sniff_stream(Head head) {
    if (is_dv(head)) return media("dv", "dv");
    if (const auto found = sniff_start_code(head)) return found;
    if (has_at(head, 0, "\x12\0\x0A"sv)) return media("av1", "obu");
    if (repeats(head, 0, ac3_frame)) {
        const bool is_extended = (byte_at(head, 5) >> 3U) > 10;
        return is_extended ? media("eac3", "eac3") : media("ac3", "ac3");
    }
    if (repeats(head, 0, adts_frame)) return media("aac", "aac");
    if (repeats(head, 0, loas_frame)) return media("aac", "loas");
    if (repeats(head, 0, mpeg_audio_frame)) return media(mpeg_audio_layer(head, 0), "mp3");
    if (is_transport_stream(head)) return media("mpegts", "mpegts");
    return std::nullopt;
}

std::optional<std::size_t> find_mpeg_audio(Head head) {
    for (std::size_t at = head.find('\xFF'); at != Head::npos; at = head.find('\xFF', at + 1))
        if (frames_in_row(head, at, mpeg_audio_frame) == kFramesInRow) return at;
    return std::nullopt;
}

std::string_view mpeg_audio_layer(Head head, std::size_t at) {
    return ((byte_at(head, at + 1) >> 1U) & 3U) == 1 ? "mp3" : "mp2";
}

std::size_t id3_length(Head head) {
    if (!has_at(head, 0, "ID3") || head.size() < 10) return 0;
    std::size_t size = 0;
    for (std::size_t at = 6; at < 10; ++at) {
        if (byte_at(head, at) > 127) return 0;
        size = size * 128 + byte_at(head, at);
    }
    const bool has_footer = (byte_at(head, 5) & 0x10U) != 0;
    return size + (has_footer ? 20 : 10);
}

}  // namespace ittybit::sniffing
