#pragma once

#include <functional>

#include "conformance/stream.h"
#include "model/limits.h"

namespace ittybit::tasks {

/// Decodes every rendition that is in the clear, or was decrypted as it was copied, from its first
/// segment to its last, as a player does, and reports what does not decode without errors.
/// `progress` hears of the part that is done at least every 2 s. Errors: those of reading,
/// `cancelled`.
Result<> check_decoding(
    const conformance::Stream& stream,
    conformance::Files& files,
    const Limits& limits,
    manifest::Report& report,
    const std::function<void(double)>& progress
);

}  // namespace ittybit::tasks
