#pragma once

#include "manifest/lines.h"
#include "manifest/playlist.h"

namespace ittybit::manifest {

/// What a media playlist that was read can be wrong in as a whole: its target duration, its end,
/// its start and what low latency wants (HLS 4.4.3, 6.2; Apple 8).
void check_media(const MediaPlaylist& playlist, const Lines& lines, Report& report);

}  // namespace ittybit::manifest
