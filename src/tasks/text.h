#pragma once

#include <functional>
#include <optional>

#include "media/cues.h"
#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"
#include "tasks/source_facts.h"

/// Subtitles of a video: which, and what is in them.
namespace ittybit::tasks {

/// The subtitles that the options ask for; nothing where they ask for none. Errors:
/// `no_subtitle_stream`, and those of read_subtitles.
Result<std::optional<TextFacts>> choose_text(const VideoOptions& options, Job& job);

/// What a file holds that `subtitle_url` named. Errors: as media::read_subtitle_file, with the
/// option's name.
Result<media::Cues> read_subtitles(ByteSource& source, const Limits& limits);

/// The cues of a read of the plan, as far as they are shown within its window and timed from its
/// start. `moved` is called while a track is looked for in its film. Errors: as above.
Result<media::Cues> read_cues(
    const PlannedRead& read, const Window& window, Job& job, const std::function<void()>& moved
);

}  // namespace ittybit::tasks
