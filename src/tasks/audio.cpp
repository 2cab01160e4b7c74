#include "tasks/audio.h"

#include "media/input.h"
#include "media/stream.h"
#include "tasks/plan.h"

namespace ittybit::tasks {

Result<Plan> plan(const AudioOptions& options, Job& job) {
    const Sniffed sniffed = TRY(sniff(job.source));
    if (is_image(sniffed))
        return Error{ErrorKind::kNoAudioStream, "the input is a picture and has no sound", "input"};
    const auto& input = *TRY(open_media(job));
    const auto choice = TRY(media::require_audio(input));
    SourceFacts source;
    source.duration = input.duration();
    source.is_duration_sure = input.is_duration_sure();
    source.sound = sound_facts(input, *choice.stream);
    source.metadata = kept_metadata(input);
    source.warnings = choice.warnings;
    TRY(look_at_packets(options, job, source));
    const std::string name =
        job.assignment.stem + "." + std::string(ittybit::name_of(options.format));
    return plan_audio(options, source, name);
}

}  // namespace ittybit::tasks
