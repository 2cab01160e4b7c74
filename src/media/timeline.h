#pragma once

#include <cstdint>
#include <optional>

#include "media/input.h"

namespace ittybit::media {

/// When the sound and picture of an input begin and end.
struct Timeline {
    std::int64_t origin_us = 0;      // the earliest presentation time
    std::optional<double> duration;  // seconds from the origin to the last end
    bool is_sure = false;
};

/// Makes libav's word on how long streams are that of what is presented of them: it counts a delay
/// with what an edit list shortens, and not what iTunes' word on gapless sound leaves out.
void correct_lengths(AVFormatContext& format, const EditLists& edits);

/// What the container says, after edit lists. It is not sure where the duration is absent, absurd,
/// guessed from the bit rate, or found from the last timestamps alone.
Timeline stated_timeline(const AVFormatContext& format, std::optional<std::uint64_t> size);

/// What the packets say: reads `reader` to its end.
Result<Timeline> measured_timeline(Input& reader, std::int64_t origin_us);

/// Where the container's tables say that a stream ends, in its time base.
std::optional<std::int64_t> told_end_of(const AVStream& stream);

/// Sound or moving picture: what a timeline is made of. Cover art is not.
bool is_timed(const AVStream& stream);

}  // namespace ittybit::media
