#include "tasks/audio.h"

#include <utility>

#include <fmt/format.h>

#include "media/input.h"
#include "media/stream.h"
#include "model/operation.h"
#include "tasks/plan.h"
#include "tasks/waveform_plan.h"

namespace ittybit::tasks {

Result<SourceFacts> facts_of_sound(Job& job) {
    const Sniffed sniffed = TRY(sniff(job.source));
    if (is_image(sniffed))
        return Error{ErrorKind::kNoAudioStream, "the input is a picture and has no sound", "input"};
    const auto& input = *TRY(open_media(job));
    auto choice = TRY(media::require_audio(input));
    SourceFacts source;
    source.duration = input.duration();
    source.is_duration_sure = input.is_duration_sure();
    source.sound = sound_facts(input, *choice.stream);
    source.metadata = kept_metadata(input);
    source.warnings = std::move(choice.warnings);
    return source;
}

Result<Plan> plan(const AudioOptions& options, Job& job) {
    SourceFacts source = TRY(facts_of_sound(job));
    const auto name = fmt::format("{}.{}", job.assignment.stem, extension_of(options));
    if (options.waveform) return plan_waveform(options, source, name);
    TRY(look_at_packets(options, job, source));
    return plan_audio(options, source, name);
}

}  // namespace ittybit::tasks
