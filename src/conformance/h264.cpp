#include <algorithm>
#include <array>
#include <cmath>

#include "conformance/picture.h"

namespace ittybit::conformance {
namespace {

constexpr std::int64_t kLongestSide = 1 << 16;

bool is_high(int profile) {
    constexpr auto kProfiles = std::to_array({100, 110, 122, 244, 44, 83, 86, 118, 128, 138});
    return std::ranges::find(kProfiles, profile) != kProfiles.end();
}

void skip_scaling_list(BitReader& in, int size) {
    std::int64_t last = 8, next = 8;
    for (int i = 0; i < size && !in.is_short(); ++i) {
        if (next != 0) next = (last + in.signed_golomb() + 256) % 256;
        if (next != 0) last = next;
    }
}

void skip_hrd(BitReader& in) {
    const auto count = in.golomb();
    in.skip(8);
    for (std::uint32_t i = 0; i <= count && i < 32 && !in.is_short(); ++i) {
        in.golomb();
        in.golomb();
        in.bit();
    }
    in.skip(20);
}

/// E.1.1
void read_vui(BitReader& in, PictureFacts& facts) {
    if (in.bit() == 1) read_aspect(in, facts);
    if (in.bit() == 1) in.bit();  // overscan
    read_colours(in, facts);
    if (in.bit() == 1) {  // chroma_loc_info_present_flag
        in.golomb();
        in.golomb();
    }
    if (in.bit() == 1) {
        const double ticks = in.bits(32);
        const double scale = in.bits(32);
        in.bit();
        if (ticks > 0 && scale > 0 && !in.is_short()) facts.frame_rate = scale / ticks / 2;
    }
    const bool has_nal_hrd = in.bit() == 1;
    if (has_nal_hrd) skip_hrd(in);
    const bool has_vcl_hrd = in.bit() == 1;
    if (has_vcl_hrd) skip_hrd(in);
    if (has_nal_hrd || has_vcl_hrd) in.bit();
    in.bit();
    if (in.bit() == 0) return;  // bitstream_restriction_flag
    in.bit();
    for (int i = 0; i < 4; ++i) in.golomb();
    const auto reordered = in.golomb();
    if (!in.is_short()) facts.reordered = reordered;
}

/// What only the high profiles have. The chroma format.
std::uint32_t read_high(BitReader& in, PictureFacts& facts) {
    const auto chroma = in.golomb();
    if (chroma == 3) in.bit();
    facts.chroma = static_cast<int>(chroma & 3U);
    facts.luma_depth = 8 + static_cast<int>(in.golomb() & 7U);
    facts.chroma_depth = 8 + static_cast<int>(in.golomb() & 7U);
    in.bit();
    if (in.bit() == 0) return chroma;
    for (int i = 0; i < (chroma == 3 ? 12 : 8); ++i)
        if (in.bit() == 1) skip_scaling_list(in, i < 6 ? 16 : 64);
    return chroma;
}

void skip_picture_order(BitReader& in) {
    const auto type = in.golomb();
    if (type == 0) in.golomb();
    if (type != 1) return;
    in.bit();
    in.signed_golomb();
    in.signed_golomb();
    const auto count = in.golomb();
    for (std::uint32_t i = 0; i < count && i < 256 && !in.is_short(); ++i) in.signed_golomb();
}

struct LevelLimit {
    int level;
    std::int64_t per_second;  // macroblocks
    std::int64_t per_frame;
};

/// Table A-1
constexpr auto kLevels = std::to_array<LevelLimit>({
    {10, 1485, 99},        {11, 3000, 396},       {12, 6000, 396},        {13, 11880, 396},
    {20, 11880, 396},      {21, 19800, 792},      {22, 20250, 1620},      {30, 40500, 1620},
    {31, 108000, 3600},    {32, 216000, 5120},    {40, 245760, 8192},     {41, 245760, 8192},
    {42, 522240, 8704},    {50, 589824, 22080},   {51, 983040, 36864},    {52, 2073600, 36864},
    {60, 4177920, 139264}, {61, 8355840, 139264}, {62, 16711680, 139264},
});

}  // namespace

void read_aspect(BitReader& in, PictureFacts& facts) {
    constexpr auto kAspects = std::to_array<std::array<int, 2>>({
        {1, 1},
        {1, 1},
        {12, 11},
        {10, 11},
        {16, 11},
        {40, 33},
        {24, 11},
        {20, 11},
        {32, 11},
        {80, 33},
        {18, 11},
        {15, 11},
        {64, 33},
        {160, 99},
        {4, 3},
        {3, 2},
        {2, 1},
    });
    const auto number = in.bits(8);
    if (number == 255) {
        facts.aspect_width = in.bits(16);
        facts.aspect_height = in.bits(16);
    } else if (number < kAspects.size()) {
        facts.aspect_width = kAspects[number][0];
        facts.aspect_height = kAspects[number][1];
    }
}

void read_colours(BitReader& in, PictureFacts& facts) {
    if (in.bit() == 0) return;  // video_signal_type_present_flag
    in.skip(3 + 1);
    if (in.bit() == 0) return;
    facts.primaries = static_cast<int>(in.bits(8));
    facts.transfer = static_cast<int>(in.bits(8));
    facts.matrix = static_cast<int>(in.bits(8));
}

std::optional<PictureFacts> read_h264_sps(Bytes unit) {
    if (unit.size() < 4 || (unit[0] & 0x1FU) != 7) return std::nullopt;
    BitReader in(unit.subspan(1));
    PictureFacts facts;
    facts.profile = static_cast<int>(in.bits(8));
    facts.constraints = static_cast<int>(in.bits(8));
    facts.level = static_cast<int>(in.bits(8));
    in.golomb();
    const auto chroma = is_high(facts.profile) ? read_high(in, facts) : 1;
    in.golomb();
    skip_picture_order(in);
    in.golomb();
    in.bit();
    const std::int64_t across = std::int64_t{in.golomb()} + 1;
    const std::int64_t down = std::int64_t{in.golomb()} + 1;
    const bool is_frames_only = in.bit() == 1;
    facts.is_interlaced = !is_frames_only;
    if (!is_frames_only) in.bit();
    in.bit();
    const std::int64_t rows = down * (is_frames_only ? 1 : 2);
    if (in.is_short() || across > kLongestSide / 16 || rows > kLongestSide / 16)
        return std::nullopt;
    facts.macroblocks = across * rows;
    facts.width = across * 16;
    facts.height = rows * 16;
    if (in.bit() == 1) {
        const std::int64_t x = chroma == 1 || chroma == 2 ? 2 : 1;
        const std::int64_t y = (chroma == 1 ? 2 : 1) * (is_frames_only ? 1 : 2);
        facts.width -= x * (std::int64_t{in.golomb()} + in.golomb());
        facts.height -= y * (std::int64_t{in.golomb()} + in.golomb());
    }
    const bool has_vui = in.bit() == 1;
    if (in.is_short() || facts.width <= 0 || facts.height <= 0) return std::nullopt;
    if (has_vui) read_vui(in, facts);
    return facts;
}

bool fits_level(const PictureFacts& picture, double frame_rate) {
    const bool is_1b = picture.level == 11 && (picture.constraints & 0x10) != 0;
    const int level = picture.level == 9 || is_1b ? 10 : picture.level;
    const auto found = std::ranges::find(kLevels, level, &LevelLimit::level);
    if (found == kLevels.end()) return false;
    const double most_across = std::sqrt(8.0 * static_cast<double>(found->per_frame));
    const auto blocks = static_cast<double>(picture.macroblocks);
    return picture.macroblocks <= found->per_frame &&
           static_cast<double>(picture.width) / 16 <= most_across &&
           static_cast<double>(picture.height) / 16 <= most_across &&
           blocks * (frame_rate - 0.01) <= static_cast<double>(found->per_second);
}

std::string video_range(std::optional<int> transfer) {
    constexpr int kPq = 16, kHlg = 18;  // H.273, table 3
    if (transfer == kPq) return "PQ";
    return transfer == kHlg ? "HLG" : "SDR";
}

}  // namespace ittybit::conformance
