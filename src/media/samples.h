#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "media/handles.h"

/// Decoded sound, whatever type its samples have.
namespace ittybit::media {

/// A sample as a number: whole ones from −1 to 1.
template <typename Number>
float sample_of(const std::uint8_t* data, std::ptrdiff_t index) {
    const Number value = reinterpret_cast<const Number*>(data)[index];
    if constexpr (std::is_floating_point_v<Number>) return static_cast<float>(value);
    if constexpr (std::is_unsigned_v<Number>) return (static_cast<float>(value) - 128) / 128;
    return static_cast<float>(value) / (static_cast<float>(std::numeric_limits<Number>::max()) + 1);
}

/// Calls `work` with a number of the type that samples of a packed format have.
template <typename Work>
auto with_number_of(AVSampleFormat packed, Work&& work) {
    switch (packed) {
        case AV_SAMPLE_FMT_U8: return work(std::uint8_t{});
        case AV_SAMPLE_FMT_S16: return work(std::int16_t{});
        case AV_SAMPLE_FMT_S32: return work(std::int32_t{});
        case AV_SAMPLE_FMT_S64: return work(std::int64_t{});
        case AV_SAMPLE_FMT_DBL: return work(double{});
        default: return work(float{});
    }
}

}  // namespace ittybit::media
