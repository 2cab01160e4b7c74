#pragma once

#include <array>
#include <optional>

#include "base/fields.h"

namespace ittybit {

/// How sound is brought to one loudness.
enum class Normalize { kLufs };
constexpr auto names(Normalize) {
    return std::array{Name{Normalize::kLufs, "lufs", "as EBU R 128 measures it"}};
}

/// How loud the output is as a whole.
struct Levelling {
    std::optional<Normalize> normalize;
    std::optional<double> target_lufs;

    /// The loudness asked for, if any.
    std::optional<double> target() const {
        if (!normalize) return std::nullopt;
        return target_lufs.value_or(-16);
    }
    bool operator==(const Levelling&) const = default;
};

inline constexpr Field kNormalizeField = Field{
    &Levelling::normalize, "normalize",
    "Bring the sound to one loudness, in two passes; left as it is by default."
};
inline constexpr Field kTargetLufsField =
    Field{
        &Levelling::target_lufs, "target_lufs",
        "LUFS; the loudness that normalize brings the sound to, -16 by default."
    }
        .between(-40, -5);

}  // namespace ittybit
