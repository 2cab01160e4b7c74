#pragma once

#include "conformance/stream.h"

namespace ittybit::conformance {

/// Whether the multivariant playlist says the truth about what it lists (HLS 4.4.6; Apple 1, 9).
void check_variants(const Stream& stream, manifest::Report& report);

/// Whether pictures and sound are coded as players can be expected to decode (Apple 1, 2).
void check_coding(const Rendition& rendition, manifest::Report& report);

}  // namespace ittybit::conformance
