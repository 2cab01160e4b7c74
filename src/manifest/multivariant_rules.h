#pragma once

#include "manifest/lines.h"
#include "manifest/playlist.h"

namespace ittybit::manifest {

/// What a multivariant playlist alone can be wrong in: groups and their members, variants and what
/// they must say (HLS 4.4.6; Apple 9).
void check_multivariant(const MultivariantPlaylist& playlist, const Lines& lines, Report& report);

}  // namespace ittybit::manifest
