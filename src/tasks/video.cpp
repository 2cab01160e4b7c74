#include "tasks/video.h"

#include <string>

#include "media/input.h"
#include "media/stream.h"
#include "tasks/drawn_video.h"
#include "tasks/plan.h"
#include "tasks/run_plan.h"

namespace ittybit::tasks {
namespace {

using media::Input;

std::string output_name(const VideoOptions& options, const Job& job) {
    return job.assignment.stem + "." + std::string(ittybit::name_of(options.format));
}

/// Looks at the packets of streams that may be copied, when nothing else speaks against it.
Result<> look_at_packets(const VideoOptions& options, const Input& input, SourceFacts& source) {
    constexpr PacketFacts kPerfect{
        .packets = 1, .bytes = 0, .seconds = 1, .longest_key_gap = 0, .is_seamless = true
    };
    const auto look = [&](auto& facts) -> Result<> {
        facts.packets = kPerfect;
        const bool may_copy = reason_not_to_copy(facts, options).empty();
        facts.packets.reset();
        if (may_copy) facts.packets = TRY(packet_facts(input, facts.stream));
        return {};
    };
    TRY(look(*source.picture));
    return source.sound ? look(*source.sound) : Result<>();
}

Result<SourceFacts> source_facts(const VideoOptions& options, const Input& input) {
    SourceFacts source;
    source.duration = input.duration();
    source.is_duration_sure = input.is_duration_sure();
    const int stream = TRY(media::require_video(input));
    source.picture = picture_facts(input, stream);
    source.metadata = kept_metadata(input);
    if (!options.no_audio) {
        const auto choice = TRY(media::choose_audio(input, stream));
        source.warnings = choice.warnings;
        if (choice.stream) source.sound = sound_facts(input, *choice.stream);
    }
    TRY(look_at_packets(options, input, source));
    return source;
}

/// A variable rate decides only when read where the last of the wanted frames ends.
Result<> cut_after_frames(const VideoOptions& options, const Input& input, Plan& plan) {
    if (!options.frames || options.fps) return {};
    const auto end =
        TRY(end_of_pictures(input, plan.picture->stream, plan.time.start, *options.frames));
    if (!end || (plan.time.end && *plan.time.end <= *end)) return {};
    plan.time.end = *end;
    plan.time.duration = *end - plan.time.start;
    return {};
}

}  // namespace

Result<Finished> run(const VideoOptions& options, Job& job) {
    const Sniffed sniffed = TRY(sniff(job.source));
    if (sniffed.family == Family::kStill)
        return Error{
            ErrorKind::kNoVideoStream, "the input is a still picture and has no video", "input"
        };
    const std::string name = output_name(options, job);
    if (sniffed.demuxer.empty()) return run_drawn_video(options, name, job);
    const auto input = TRY(Input::open(job.source, sniffed, job.assignment.limits));
    const SourceFacts source = TRY(source_facts(options, *input));
    Plan plan = TRY(plan_video(options, source, name, job.assignment.limits));
    TRY(cut_after_frames(options, *input, plan));
    if (job.assignment.explain) return explain(plan);
    return run_plan(plan, *input, job);
}

}  // namespace ittybit::tasks
