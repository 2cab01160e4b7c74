#include "conformance/av1.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

constexpr int kSequenceHeader = 1, kFrameHeader = 3, kFrame = 6;

struct Unit {
    int type = 0;
    Bytes payload;
};

/// The next OBU (5.3.2), of which `in` may be the last. Nothing where it is broken.
std::optional<Unit> next_unit(ByteReader& in) {
    const auto head = in.u8();
    const bool has_extension = (head & 4U) != 0, has_size = (head & 2U) != 0;
    if ((head & 0x80U) != 0) return std::nullopt;
    if (has_extension) in.u8();
    std::size_t size = in.left();
    if (has_size) {
        size = 0;
        for (unsigned i = 0; i < 8; ++i) {
            const std::size_t byte = in.u8();
            size |= (byte & 0x7FU) << (7 * i);
            if ((byte & 0x80U) == 0) break;
        }
    }
    const Unit unit{head >> 3 & 0xF, in.bytes(size)};
    return in.is_short() ? std::nullopt : std::optional(unit);
}

/// Behind the flag for it. How many bits a decoder's delay has.
int skip_decoder_model(BitReader& in) {
    const int bits = static_cast<int>(in.bits(5)) + 1;
    in.skip(32 + 5 + 5);
    return bits;
}

/// Skips timing_info() and the model, if there are. Bits of a delay; 0 without a model.
int skip_timing(BitReader& in) {
    if (in.bit() == 0) return 0;
    in.skip(64);
    if (in.bit() == 1) in.golomb();  // uvlc() is written like ue(v)
    return in.bit() == 1 ? skip_decoder_model(in) : 0;
}

/// The level of the first operating point; skips the others.
int read_levels(BitReader& in, int delay_bits) {
    const bool has_display_delay = in.bit() == 1;
    const auto points = in.bits(5) + 1;
    int first = 0;
    for (std::uint32_t i = 0; i < points && !in.is_short(); ++i) {
        in.skip(12);
        const int level = static_cast<int>(in.bits(5));
        if (i == 0) first = level;
        if (level > 7) in.bit();  // the tier
        if (delay_bits > 0 && in.bit() == 1) in.skip(2 * delay_bits + 1);
        if (has_display_delay && in.bit() == 1) in.skip(4);
    }
    return first;
}

std::optional<PictureFacts> read_sequence(Bytes payload) {
    BitReader in(payload, /*skips_emulation=*/false);
    PictureFacts facts;
    facts.profile = static_cast<int>(in.bits(3));
    in.bit();
    const bool is_reduced = in.bit() == 1;
    facts.level = is_reduced ? static_cast<int>(in.bits(5)) : read_levels(in, skip_timing(in));
    const int across = static_cast<int>(in.bits(4)) + 1, down = static_cast<int>(in.bits(4)) + 1;
    facts.width = std::int64_t{in.bits(across)} + 1;
    facts.height = std::int64_t{in.bits(down)} + 1;
    return in.is_short() ? std::nullopt : std::optional(facts);
}

PictureKind kind_of_frame(Bytes payload) {
    BitReader in(payload, /*skips_emulation=*/false);
    if (in.bit() == 1) return PictureKind::kOther;  // show_existing_frame
    const bool is_key = in.bits(2) == 0, is_shown = in.bit() == 1;
    if (!is_key) return PictureKind::kOther;
    return is_shown ? PictureKind::kKey : PictureKind::kOpenKey;
}

}  // namespace

std::optional<PictureFacts> find_av1_sequence(Bytes units) {
    ByteReader in(units);
    while (in.left() > 0) {
        const auto unit = next_unit(in);
        if (!unit) return std::nullopt;
        if (unit->type == kSequenceHeader) return read_sequence(unit->payload);
    }
    return std::nullopt;
}

PictureKind look_into_av1(Bytes sample, const Place& place, Report& report) {
    ByteReader in(sample);
    bool has_sequence = false;
    std::optional<PictureKind> kind;
    while (in.left() > 0) {
        const auto unit = next_unit(in);
        if (!report.expect(unit.has_value(), rule("obu"), place, "an OBU is broken"))
            return PictureKind::kUnreadable;
        if (unit->type == kSequenceHeader) has_sequence = true;
        const bool is_frame = unit->type == kFrameHeader || unit->type == kFrame;
        if (is_frame && !kind) kind = kind_of_frame(unit->payload);
    }
    if (!report.expect(kind.has_value(), rule("obu"), place, "a sample without a frame"))
        return PictureKind::kUnreadable;
    report.expect(
        *kind != PictureKind::kKey || has_sequence, rule("obu"), place,
        "a key frame without a sequence header"
    );
    return *kind;
}

}  // namespace ittybit::conformance
