#pragma once

#include "conformance/rendition.h"

namespace ittybit::conformance {

/// Whether pictures are coded as players can be expected to decode (Apple 1).
void check_coding(const Rendition& rendition, manifest::Report& report);

}  // namespace ittybit::conformance
