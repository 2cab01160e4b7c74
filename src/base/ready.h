#pragma once

#include <stop_token>

#include "base/result.h"

namespace ittybit {

/// Returns when a descriptor can be read (POLLIN) or written (POLLOUT) without waiting, or will
/// never be, which the call itself then tells. Errors: `cancelled`, within 0.1 s of `stop`.
Result<> wait_until_ready(int descriptor, short events, const std::stop_token& stop);

}  // namespace ittybit
