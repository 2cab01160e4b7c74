#pragma once

#include <string>

#include "base/result.h"
#include "media/handles.h"
#include "media/pipeline.h"
#include "media/sink.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// What an animated PNG or WebP tells of its colours, of which those who read its frames know
/// little. Nothing where that is sRGB, and of all other formats.
struct ToldColours {
    std::string profile;  // ICC: its own, or what a PNG's `gAMA` and `cHRM` come to
    int primaries = 2;    // ITU-T H.273, where they go beyond sRGB: there is no profile then
    int transfer = 2;

    bool has_points() const { return primaries != 2 || transfer != 2; }
};

/// Errors: those of the source.
Result<ToldColours> told_colours(Job& job);

/// What a frame tells by itself: a profile (JPEG XL's).
ToldColours told_by(const AVFrame& frame);

/// The frame in sRGB; as it is where nothing is told. Errors: `encode_failed`.
Result<media::Frame> in_srgb(media::Frame frame, const ToldColours& told);

/// Puts that in front of what takes the input's frames. Errors: as told_colours.
Result<media::Sink<media::Frame>*> add_told_colours(
    media::Pipeline& pipeline, Job& job, media::Sink<media::Frame>& next
);

}  // namespace ittybit::tasks
