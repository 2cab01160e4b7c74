#pragma once

#include <span>
#include <string>

#include "media/output.h"
#include "model/file.h"
#include "model/limits.h"

namespace ittybit::media {

/// Looks at a finished output as a stranger would, by demuxing it from end to end: every packet
/// that was written is there, in streams of the right codec and length. Gives its facts. Errors:
/// `output_invalid`.
Result<File> verify(
    const OutputFile& file, std::span<const TrackFacts> tracks, const Limits& limits
);

}  // namespace ittybit::media
