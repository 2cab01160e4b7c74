#include "media/cut_off.h"

#include <algorithm>
#include <array>
#include <limits>
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

Result<std::uint64_t> little(Bytes& bytes, std::uint64_t at, int size) {
    auto big = TRY(bytes.number(at, size));
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i, big >>= 8U) value = value << 8U | (big & 0xFFU);
    return value;
}

/// WavPack's blocks, of which each tells its length but for the first eight bytes, in the order of
/// PCs.
Result<bool> ends_amid_block(Bytes& bytes, std::uint64_t size) {
    std::uint64_t at = 0;
    for (int i = 0; i < kMostPieces && at < size; ++i) {
        if (TRY(bytes.number(at, 4)) != letters("wvpk")) return false;
        at += 8 + TRY(little(bytes, at + 4, 4));
    }
    return at > size;
}

/// Where so many bytes end. What writes to a pipe leaves their number out, or tells the most that
/// 32 bits can: 0 then.
std::uint64_t end_of(std::uint64_t begin, std::uint64_t length) {
    constexpr std::uint64_t kMost = 0x7FFF'0000;
    return length > 0 && length < kMost ? begin + length : 0;
}

/// Where the sound of a WAV ends by its tables (RF64: EBU Tech 3306): 0 where they do not say.
Result<std::uint64_t> told_end_of_wav(Bytes& bytes) {
    const bool is_long = TRY(bytes.number(0, 4)) != letters("RIFF");
    std::uint64_t told = 0;  // of data, by ds64
    std::uint64_t at = 12;
    for (int i = 0; i < kMostPieces && !bytes.is_at_end(); ++i) {
        const auto name = TRY(bytes.number(at, 4));
        const auto length = TRY(little(bytes, at + 4, 4));
        if (name == letters("ds64")) told = TRY(little(bytes, at + 16, 8));
        if (name == letters("data")) return is_long ? at + 8 + told : end_of(at + 8, length);
        at += 8 + length + length % 2;
    }
    return std::uint64_t{0};
}

/// The same of the RIFF chunks of an AVI, which follow one another (OpenDML).
Result<std::uint64_t> told_end_of_avi(Bytes& bytes, std::uint64_t size) {
    std::uint64_t at = 0;
    for (int i = 0; i < kMostPieces && at < size; ++i) {
        if (TRY(bytes.number(at, 4)) != letters("RIFF")) break;
        const auto length = TRY(little(bytes, at + 4, 4));
        if (end_of(at + 8, length) == 0) return std::uint64_t{0};
        at += 8 + length + length % 2;
    }
    return at;
}

/// The same of the chunks of a CAF, of which the last may have no length (-1).
Result<std::uint64_t> told_end_of_caf(Bytes& bytes, std::uint64_t size) {
    std::uint64_t at = 8;
    for (int i = 0; i < kMostPieces && at + 12 <= size; ++i) {
        const auto length = TRY(bytes.number(at + 4, 8));
        if (length > std::numeric_limits<std::uint32_t>::max()) return std::uint64_t{0};
        at += 12 + length;
    }
    return at;
}

/// The same of the packets of an ASF, whose object is behind that of the header.
Result<std::uint64_t> told_end_of_asf(Bytes& bytes) {
    const auto at = TRY(little(bytes, 16, 8));
    if (TRY(bytes.number(at, 8)) != 0x3626B2758E66CF11) return std::uint64_t{0};
    const auto length = TRY(little(bytes, at + 16, 8));
    return length == 0 ? 0 : at + length;
}

/// Where the footer of an MXF begins by its header (SMPTE ST 377-1, 7.1); 0 where it does not say.
Result<std::uint64_t> told_end_of_mxf(Bytes& bytes) {
    if (TRY(bytes.number(0, 8)) != 0x060E2B3402050101) return std::uint64_t{0};
    const auto first = TRY(bytes.number(16, 1));
    const std::uint64_t length_bytes = first < 0x80 ? 0 : first - 0x80;
    return bytes.number(17 + length_bytes + 24, 8);
}

/// Where the one container of a file ends, as it says itself; 0 where it does not say.
Result<std::uint64_t> told_end(Bytes& bytes, std::uint64_t size, std::string_view demuxer) {
    if (demuxer == "wav") return told_end_of_wav(bytes);
    if (demuxer == "avi") return told_end_of_avi(bytes, size);
    if (demuxer == "caf") return told_end_of_caf(bytes, size);
    if (demuxer == "asf") return told_end_of_asf(bytes);
    if (demuxer == "mxf") return told_end_of_mxf(bytes);
    if (demuxer == "aiff") return end_of(8, TRY(bytes.number(4, 4)));
    if (demuxer == "au") return end_of(TRY(bytes.number(4, 4)), TRY(bytes.number(8, 4)));
    if (demuxer == "w64") return little(bytes, 16, 8);
    return std::uint64_t{0};
}

Result<bool> ends_amid_container(Bytes& bytes, std::uint64_t size, std::string_view demuxer) {
    constexpr std::uint64_t kSlack = 4096;  // some writers count a head to it
    const auto end = TRY(told_end(bytes, size, demuxer));
    return end > size + kSlack && end < size * 1000;
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
    if (demuxer == "dts") return ends_amid_frame(bytes, last - std::min(last, start), size);
    return ends_amid_container(bytes, size, demuxer);
}

}  // namespace ittybit::media
