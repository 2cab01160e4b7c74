#include "media/bitstream.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ittybit::media {
namespace {

constexpr int kSequenceParameters = 7;
constexpr int kPictureParameters = 8;
constexpr int kAccessUnitDelimiter = 9;

int type_of(ByteView unit) {
    return unit.empty() ? 0 : unit.front() & 0x1F;
}

void append_big_endian(Bytes& out, std::size_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out.push_back(static_cast<std::uint8_t>((value >> (8 * i)) & 0xFF));
}

void append(Bytes& out, ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

bool has_chroma_fields(std::uint8_t profile) {
    return profile == 100 || profile == 110 || profile == 122 || profile == 144;
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

Result<Bytes> avc_configuration(ByteView extradata) {
    if (!extradata.empty() && extradata.front() == 1)
        return Bytes(extradata.begin(), extradata.end());
    std::vector<ByteView> sequence;
    std::vector<ByteView> picture;
    for (const ByteView unit : nal_units(extradata)) {
        if (type_of(unit) == kSequenceParameters && unit.size() >= 4) sequence.push_back(unit);
        if (type_of(unit) == kPictureParameters) picture.push_back(unit);
    }
    if (sequence.empty() || picture.empty())
        return Error{"encode_failed", "the H.264 encoder gave no parameter sets", ""};
    const ByteView first = sequence.front();
    Bytes record = {1, first[1], first[2], first[3], 0xFF};  // lengths of four bytes
    record.push_back(static_cast<std::uint8_t>(0xE0U | sequence.size()));
    for (const ByteView unit : sequence) {
        append_big_endian(record, unit.size(), 2);
        append(record, unit);
    }
    record.push_back(static_cast<std::uint8_t>(picture.size()));
    for (const ByteView unit : picture) {
        append_big_endian(record, unit.size(), 2);
        append(record, unit);
    }
    if (has_chroma_fields(first[1])) append(record, Bytes{0xFD, 0xF8, 0xF8, 0});  // 4:2:0, 8 bits
    return record;
}

Bytes avc_sample(ByteView annex_b) {
    Bytes sample;
    sample.reserve(annex_b.size() + 16);
    for (const ByteView unit : nal_units(annex_b)) {
        if (type_of(unit) == kAccessUnitDelimiter) continue;
        append_big_endian(sample, unit.size(), 4);
        append(sample, unit);
    }
    return sample;
}

std::string avc_codec(ByteView configuration) {
    if (configuration.size() < 4) return "avc1";
    return fmt::format(
        "avc1.{:02x}{:02x}{:02x}", configuration[1], configuration[2], configuration[3]
    );
}

std::string aac_codec(ByteView configuration) {
    if (configuration.size() < 2) return "mp4a.40";
    constexpr int kEscape = 31;
    int type = configuration[0] >> 3;
    if (type == kEscape) type = 32 + ((configuration[0] & 7) << 3) + (configuration[1] >> 5);
    return fmt::format("mp4a.40.{}", type);
}

}  // namespace ittybit::media
