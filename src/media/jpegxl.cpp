#include "media/jpegxl.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

/// Bits of the beginning of a code stream, the lowest of each byte first (ISO/IEC 18181-1, 4).
class Bits {
public:
    static Result<Bits> read(ByteSource& source, std::uint64_t at) {
        Bits bits;
        TRY(source.read_at(at, std::as_writable_bytes(std::span(bits.bytes_))));
        return bits;
    }

    unsigned take(unsigned count) {
        unsigned value = 0;
        for (unsigned i = 0; i < count; ++i, ++at_) {
            if (at_ / 8 >= bytes_.size()) return 0;
            value |= (bytes_[at_ / 8] >> (at_ % 8) & 1U) << i;
        }
        return value;
    }

    void skip_number(std::array<unsigned, 4> lengths) { take(lengths.at(take(2))); }

private:
    std::array<std::uint8_t, 64> bytes_ = {};
    std::size_t at_ = 0;
};

/// A size: in units of eight or not, and as wide as told where it is in no usual proportion.
void skip_size(
    Bits& bits, std::array<unsigned, 4> lengths, std::optional<std::array<unsigned, 4>> in_eights
) {
    const bool are_eights = bits.take(1) != 0;
    const auto side = [&] {
        if (!are_eights) {
            bits.skip_number(lengths);
        } else if (in_eights) {
            bits.skip_number(*in_eights);
        } else {
            bits.take(5);
        }
    };
    side();
    if (bits.take(3) == 0) side();
}

/// Where the code stream begins: at the front, or in the first box that has some of it.
Result<std::uint64_t> code_stream(ByteSource& source) {
    constexpr int kMostBoxes = 100;
    Bytes bytes(source, 0);
    if (TRY(bytes.number(0, 2)) == 0xFF0A) return std::uint64_t{0};
    const auto end = source.size().value_or(std::numeric_limits<std::int64_t>::max());
    std::uint64_t at = 0;
    for (int i = 0; i < kMostBoxes; ++i) {
        const auto box = TRY(read_box(bytes, at, end));
        if (!box) break;
        if (box->name == letters("jxlc")) return box->begin;
        if (box->name == letters("jxlp")) return box->begin + 4;  // behind its number
        at = box->end;
    }
    return end;
}

}  // namespace

Result<bool> is_animated_jpegxl(ByteSource& source) {
    constexpr std::array<unsigned, 4> kSides = {9, 13, 18, 30};
    const auto begin = TRY(code_stream(source));
    Bits bits = TRY(Bits::read(source, begin));
    if (bits.take(16) != 0x0AFF) return false;
    skip_size(bits, kSides, {});
    const bool is_plain = bits.take(1) != 0;
    if (is_plain || bits.take(1) == 0) return false;  // nothing is told beyond the usual
    bits.take(3);                                     // how it is turned
    if (bits.take(1) != 0) skip_size(bits, kSides, {});
    // A preview; in eights its sides are 16, 32, or of so many bits.
    if (bits.take(1) != 0) skip_size(bits, {6, 8, 10, 12}, std::array<unsigned, 4>{0, 0, 5, 9});
    return bits.take(1) != 0;
}

}  // namespace ittybit::media
