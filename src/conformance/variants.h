#pragma once

#include "conformance/stream.h"

namespace ittybit::conformance {

/// Whether the multivariant playlist says the truth about what it lists (HLS 4.4.6; Apple 1, 9).
void check_variants(const Stream& stream, manifest::Report& report);

}  // namespace ittybit::conformance
