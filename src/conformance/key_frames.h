#pragma once

#include "conformance/stream.h"

namespace ittybit::conformance {

/// Reads a playlist of I-frames (HLS 4.4.3.6), and reports what is wrong with what it lists; where
/// it lists parts of the segments of a rendition that is in `stream` already, also what it leaves
/// out.
Rendition read_key_frames(
    const manifest::MediaPlaylist& playlist,
    const Stream& stream,
    Files& files,
    manifest::Report& report
);

}  // namespace ittybit::conformance
