#pragma once

#include "conformance/stream.h"

namespace ittybit::conformance {

/// Whether a player can go from one rendition to another at any boundary: the same times, the same
/// length, the same key frames (HLS 6.2.4; Apple 8; CMAF 7.3.4).
void check_switching(const Stream& stream, manifest::Report& report);

}  // namespace ittybit::conformance
