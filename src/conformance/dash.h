#pragma once

#include "conformance/files.h"
#include "conformance/stream.h"
#include "manifest/mpd.h"

namespace ittybit::conformance {

/// Checks the media of a DASH presentation: that of each representation by itself, like that of a
/// media playlist, and against what the MPD says of it.
Stream check_presentation(
    const manifest::Presentation& presentation, Files& files, manifest::Report& report
);

}  // namespace ittybit::conformance
