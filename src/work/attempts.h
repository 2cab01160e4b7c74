#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"

namespace ittybit::work {

/// Whether another attempt may do better when this many have failed, the last by this error. A
/// transfer has been tried again by its Source or Storage already. A fault of our own may be the
/// input's: once more, then it is.
bool is_worth_another(const Error& error, std::int64_t tries);

/// How long to wait before it.
UnixMillis back_off(std::int64_t tries);

}  // namespace ittybit::work
