#include <array>

#include "conformance/picture.h"

namespace ittybit::conformance {
namespace {

constexpr auto kRates = std::to_array(
    {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
);

int read_object_type(BitReader& in) {
    const auto type = in.bits(5);
    return static_cast<int>(type == 31 ? 32 + in.bits(6) : type);
}

int read_rate(BitReader& in) {
    const auto index = in.bits(4);
    if (index == 15) return static_cast<int>(in.bits(24));
    return index < kRates.size() ? kRates[index] : 0;
}

}  // namespace

std::optional<AudioConfig> read_audio_config(Bytes bytes) {
    constexpr int kSbr = 5, kParametricStereo = 29;
    BitReader in(bytes, /*skips_emulation=*/false);
    AudioConfig config;
    config.object_type = read_object_type(in);
    config.rate = config.output_rate = read_rate(in);
    const auto layout = in.bits(4);
    config.channels = layout == 7 ? 8 : static_cast<int>(layout);
    if (config.object_type == kSbr || config.object_type == kParametricStereo)
        config.output_rate = read_rate(in);
    if (in.is_short() || config.rate == 0 || config.object_type == 0) return std::nullopt;
    return config;
}

}  // namespace ittybit::conformance
