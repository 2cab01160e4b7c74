#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "media/encoder.h"
#include "media/output.h"
#include "media/timing.h"
#include "model/options.h"
#include "tasks/expectation.h"
#include "tasks/picture_plan.h"
#include "tasks/source_facts.h"

/// What a video or audio task will do, as a value: decided from facts and options, printed by
/// `--explain`, run by video.cpp and audio.cpp.
namespace ittybit::tasks {

/// The part of the input that is used, in seconds.
struct TimePlan {
    double start = 0;
    std::optional<double> end;       // nothing: the input's end
    std::optional<double> duration;  // of the output, when known
    static constexpr auto kFields = std::tuple{
        Field{&TimePlan::start, "start", ""},
        Field{&TimePlan::end, "end", ""},
        Field{&TimePlan::duration, "duration", ""},
    };
    media::Cut cut() const { return {start, end}; }
};

/// Judges start and end against a source's duration; a clamped end is a warning. A duration that
/// is only claimed (not `is_sure`) judges nothing. Errors: `start_out_of_range`.
Result<TimePlan> plan_time(
    const Span& span,
    std::optional<double> duration,
    std::vector<std::string>& warnings,
    bool is_sure = true
);

/// Whether so many frames at a constant rate are allowed, where the length is known. Errors:
/// `limit_exceeded` (frames).
Result<> check_frames(const TimePlan& time, Ratio fps, const Limits& limits);

struct PicturePlan {
    int stream = 0;
    bool is_copied = false;
    std::string why_encoded;  // empty when copied
    std::string language;
    // What follows only matters when it is not copied.
    int decoder_threads = 1;
    PictureTreatment treatment;
    Ratio fps;  // nominal
    bool is_rate_constant = false;
    bool is_steady = false;     // every picture lasts as long as the rate says
    bool is_irregular = false;  // no rate fits the source's times
    std::optional<std::int64_t> most_frames;
    media::PictureEncoding encoding;

    static constexpr auto kFields = std::tuple{
        Field{&PicturePlan::stream, "stream", ""},
        Field{&PicturePlan::is_copied, "copy", ""},
        Field{&PicturePlan::why_encoded, "why_encoded", ""},
        Field{&PicturePlan::decoder_threads, "decoder_threads", ""},
        Field{&PicturePlan::treatment, "treatment", ""},
        Field{&PicturePlan::fps, "fps", ""},
        Field{&PicturePlan::is_rate_constant, "constant_rate", ""},
        Field{&PicturePlan::is_steady, "steady", ""},
        Field{&PicturePlan::is_irregular, "irregular", ""},
        Field{&PicturePlan::most_frames, "most_frames", ""}.or_absent(),
        Field{&PicturePlan::encoding, "encoding", ""},
    };
    media::PictureClock clock() const;
};

struct SoundPlan {
    int stream = 0;
    bool is_copied = false;
    std::string why_encoded;  // empty when copied
    std::string language;
    bool is_mixed = false;  // to fewer channels than the source has
    media::SoundEncoding encoding;
    static constexpr auto kFields = std::tuple{
        Field{&SoundPlan::stream, "stream", ""},
        Field{&SoundPlan::is_copied, "copy", ""},
        Field{&SoundPlan::why_encoded, "why_encoded", ""},
        Field{&SoundPlan::language, "language", ""},
        Field{&SoundPlan::is_mixed, "mixed", ""},
        Field{&SoundPlan::encoding, "encoding", ""},
    };
};

struct Plan {
    TimePlan time;
    std::optional<PicturePlan> picture;
    std::optional<SoundPlan> sound;
    media::OutputFile output;
    Expectation expects;
    std::vector<std::string> warnings;
    static constexpr auto kFields = std::tuple{
        Field{&Plan::time, "time", ""},       Field{&Plan::picture, "picture", ""},
        Field{&Plan::sound, "sound", ""},     Field{&Plan::output, "output", ""},
        Field{&Plan::expects, "expects", ""}, Field{&Plan::warnings, "warnings", ""},
    };
};

/// Whether sound of a source is mixed to another layout, which is then said in `warnings`.
bool is_mixed_to(
    const std::string& layout, const SoundFacts& facts, std::vector<std::string>& warnings
);

/// Why the stream cannot be copied into the output that the options ask for; empty when it can.
/// Looks at `packets` only when all else fits, so that they can be filled in on demand.
std::string reason_not_to_copy(const PictureFacts& facts, const VideoOptions& options);
std::string reason_not_to_copy(const SoundFacts& facts, const VideoOptions& options);
std::string reason_not_to_copy(const SoundFacts& facts, const AudioOptions& options);

/// The plan of a video task. `name` is the output file's. Errors: `start_out_of_range`,
/// `encode_failed`, `limit_exceeded`.
Result<Plan> plan_video(
    const VideoOptions& options,
    const SourceFacts& source,
    const std::string& name,
    const Limits& limits
);

/// The plan of an audio task; the source has sound. Errors as above.
Result<Plan> plan_audio(
    const AudioOptions& options, const SourceFacts& source, const std::string& name
);

/// libav's frame threads for decoding pictures of a size.
int decoder_threads(const Size& stored);

}  // namespace ittybit::tasks
