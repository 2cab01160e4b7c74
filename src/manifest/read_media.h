#pragma once

#include "manifest/lines.h"
#include "manifest/playlist.h"

namespace ittybit::manifest {

/// The media playlist that these lines are, and what is wrong with it by the rules of HLS 4.4.3 to
/// 4.4.5.
MediaPlaylist read_media(const Lines& lines, Report& report);

}  // namespace ittybit::manifest
