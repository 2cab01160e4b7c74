#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/cues.h"
#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"
#include "tasks/source_facts.h"

/// Subtitles of a video or stream: which, and what is in them.
namespace ittybit::tasks {

/// The subtitles that the options ask for; nothing where they ask for none. Errors:
/// `no_subtitle_stream`, and those of read_subtitles.
Result<std::optional<TextFacts>> choose_text(const VideoOptions& options, Job& job);

/// All subtitles of a stream: those that the options name, then the text tracks of the input,
/// unless they are not wanted. What is left out is said in `warnings`. Errors: those of
/// read_subtitles.
Result<std::vector<TextFacts>> choose_texts(
    const AdaptiveVideoOptions& options, Job& job, std::vector<std::string>& warnings
);

/// What the file in this place of Assignment.inputs holds. Errors: as media::read_subtitle_file,
/// with the name of the option that names it.
Result<media::Cues> read_subtitles(std::size_t place, Job& job);

/// The cues of each text of a plan, as far as they are shown within its window and timed from its
/// start. `moved` is called while tracks are looked for in their film. A track in a stream, which
/// nobody asked for by name, has none where it cannot be read, which is said in `warnings`. Errors:
/// as above, and those of the input.
Result<std::vector<media::Cues>> read_texts(
    const Plan& plan,
    Job& job,
    const std::function<void()>& moved,
    std::vector<std::string>& warnings
);

}  // namespace ittybit::tasks
