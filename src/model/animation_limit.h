#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/geometry.h"
#include "model/limits.h"

namespace ittybit {

/// Whether an animation of so many frames of this size may be unpacked. Errors: `limit_exceeded`.
Result<> check_animation(const Size& size, std::int64_t frames, const Limits& limits);

}  // namespace ittybit
