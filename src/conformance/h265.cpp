#include <cstdint>

#include "conformance/picture.h"

namespace ittybit::conformance {
namespace {

constexpr std::int64_t kLongestSide = 1 << 16;

/// 7.3.3, of which only the general part is kept.
void read_profile(BitReader& in, std::uint32_t sub_layers, PictureFacts& facts) {
    in.skip(2);
    facts.is_high_tier = in.bit() == 1;
    facts.profile = static_cast<int>(in.bits(5));
    in.skip(32);
    in.skip(1);  // general_progressive_source_flag
    facts.is_interlaced = in.bit() == 1;
    in.skip(46);
    facts.level = static_cast<int>(in.bits(8));
    bool has_profile[8] = {}, has_level[8] = {};
    for (std::uint32_t i = 0; i < sub_layers; ++i) {
        has_profile[i] = in.bit() == 1;
        has_level[i] = in.bit() == 1;
    }
    if (sub_layers > 0) in.skip(static_cast<int>(2 * (8 - sub_layers)));
    for (std::uint32_t i = 0; i < sub_layers; ++i) {
        if (has_profile[i]) in.skip(88);
        if (has_level[i]) in.skip(8);
    }
}

/// 7.3.4
void skip_scaling_lists(BitReader& in) {
    for (int size = 0; size < 4; ++size)
        for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
            if (in.bit() == 0) {
                in.golomb();
                continue;
            }
            if (size > 1) in.signed_golomb();
            for (int i = 0; i < (size == 0 ? 16 : 64) && !in.is_short(); ++i) in.signed_golomb();
        }
}

/// 7.3.7: how many pictures the set `number` has, of those before of which `counts` tells.
std::uint32_t skip_reference_set(BitReader& in, std::uint32_t number, const std::uint32_t* counts) {
    const bool is_predicted = number > 0 && in.bit() == 1;
    std::uint32_t count = 0;
    if (is_predicted) {
        in.bit();
        in.golomb();
        for (std::uint32_t i = 0; i <= counts[number - 1] && !in.is_short(); ++i) {
            const bool is_used = in.bit() == 1;
            if (is_used || in.bit() == 1) ++count;
        }
        return count;
    }
    const std::uint64_t pictures = std::uint64_t{in.golomb()} + in.golomb();
    for (; count < pictures && count < 32 && !in.is_short(); ++count) {
        in.golomb();
        in.bit();
    }
    return count;
}

/// What stands between the sizes and the VUI. False where it cannot be skipped.
bool skip_to_vui(BitReader& in, std::uint32_t sub_layers, PictureFacts& facts) {
    facts.luma_depth = 8 + static_cast<int>(in.golomb() & 7U);
    facts.chroma_depth = 8 + static_cast<int>(in.golomb() & 7U);
    const auto order_bits = in.golomb() + 4;
    const auto layers = in.bit() == 1 ? sub_layers + 1 : 1;
    for (std::uint32_t i = 0; i < 3 * layers; ++i) in.golomb();
    for (int i = 0; i < 6; ++i) in.golomb();
    if (in.bit() == 1 && in.bit() == 1) skip_scaling_lists(in);
    in.skip(2);
    if (in.bit() == 1) {  // pcm_enabled_flag
        in.skip(8);
        in.golomb();
        in.golomb();
        in.bit();
    }
    std::uint32_t counts[64] = {};
    const auto sets = in.golomb();
    if (sets > 64 || order_bits > 16) return false;
    for (std::uint32_t i = 0; i < sets; ++i) counts[i] = skip_reference_set(in, i, counts);
    if (in.bit() == 1) {  // long_term_ref_pics_present_flag
        const auto pictures = in.golomb();
        if (pictures > 32) return false;
        for (std::uint32_t i = 0; i < pictures; ++i) in.skip(static_cast<int>(order_bits) + 1);
    }
    in.skip(2);
    return !in.is_short();
}

}  // namespace

std::optional<PictureFacts> read_h265_sps(Bytes unit) {
    if (unit.size() < 4 || (unit[0] >> 1U & 0x3FU) != 33) return std::nullopt;
    BitReader in(unit.subspan(2));
    PictureFacts facts;
    in.skip(4);
    const auto sub_layers = in.bits(3);
    in.bit();
    read_profile(in, sub_layers, facts);
    in.golomb();
    const auto chroma = in.golomb();
    if (chroma == 3) in.bit();
    facts.chroma = static_cast<int>(chroma & 3U);
    facts.width = in.golomb();
    facts.height = in.golomb();
    if (in.bit() == 1) {
        const std::int64_t x = chroma == 1 || chroma == 2 ? 2 : 1;
        const std::int64_t y = chroma == 1 ? 2 : 1;
        facts.width -= x * (std::int64_t{in.golomb()} + in.golomb());
        facts.height -= y * (std::int64_t{in.golomb()} + in.golomb());
    }
    const bool is_size = facts.width > 0 && facts.height > 0 && facts.width <= kLongestSide &&
                         facts.height <= kLongestSide;
    if (in.is_short() || !is_size) return std::nullopt;
    if (!skip_to_vui(in, sub_layers, facts) || in.bit() == 0) return facts;
    if (in.bit() == 1) read_aspect(in, facts);
    if (in.bit() == 1) in.bit();  // overscan
    read_colours(in, facts);
    return facts;
}

}  // namespace ittybit::conformance
