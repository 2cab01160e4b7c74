#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "media/encoder.h"
#include "model/options.h"
#include "tasks/adaptive_ladder.h"
#include "tasks/plan.h"

/// What an adaptive_video task will do, as a value: decided from facts and options, printed by
/// `--explain`, run by adaptive_video.cpp.
namespace ittybit::tasks {

/// One rendition of the picture. `name` begins the names of its files.
struct PictureRendition {
    std::string name;
    int every = 1;  // of the ladder's pictures
    media::PictureEncoding encoding;
    static constexpr auto kFields = std::tuple{
        Field{&PictureRendition::name, "name", ""},
        Field{&PictureRendition::every, "every", ""},
        Field{&PictureRendition::encoding, "encoding", ""},
    };
};

struct SoundRendition {
    std::string name;
    media::SoundEncoding encoding;
    static constexpr auto kFields = std::tuple{
        Field{&SoundRendition::name, "name", ""},
        Field{&SoundRendition::encoding, "encoding", ""},
    };
};

/// All renditions of the picture come from one decode: each is scaled from the one before.
struct PictureLadder {
    int stream = 0;
    int decoder_threads = 1;
    Ratio fps;                                 // constant
    PictureTreatment treatment;                // of the first rendition
    std::vector<PictureRendition> renditions;  // best first, at least one
    static constexpr auto kFields = std::tuple{
        Field{&PictureLadder::stream, "stream", ""},
        Field{&PictureLadder::decoder_threads, "decoder_threads", ""},
        Field{&PictureLadder::fps, "fps", ""},
        Field{&PictureLadder::treatment, "treatment", ""},
        Field{&PictureLadder::renditions, "renditions", ""},
    };
    media::PictureClock clock() const { return media::clock_for({fps.num, fps.den}); }

    /// Of how many pictures every rendition has the first: where key frames may be.
    int grid() const { return renditions.back().every; }
};

/// Two renditions of different rates. Beside pictures the low one goes with the lowest of them.
struct SoundLadder {
    int stream = 0;
    std::string language;
    bool is_mixed = false;  // to fewer channels than the source has
    std::vector<SoundRendition> renditions;
    static constexpr auto kFields = std::tuple{
        Field{&SoundLadder::stream, "stream", ""},
        Field{&SoundLadder::language, "language", ""},
        Field{&SoundLadder::is_mixed, "mixed", ""},
        Field{&SoundLadder::renditions, "renditions", ""},
    };
};

struct AdaptivePlan {
    TimePlan time;
    std::optional<PictureLadder> picture;
    std::optional<SoundLadder> sound;
    Expectation expects;
    std::vector<std::string> warnings;
    static constexpr auto kFields = std::tuple{
        Field{&AdaptivePlan::time, "time", ""},
        Field{&AdaptivePlan::picture, "picture", ""},
        Field{&AdaptivePlan::sound, "sound", ""},
        Field{&AdaptivePlan::expects, "expects", ""},
        Field{&AdaptivePlan::warnings, "warnings", ""},
    };
};

/// The plan for a source with pictures, sound or both. `stem` is the main playlist's name without
/// its extension, which no other playlist may have. Errors: `start_out_of_range`, `encode_failed`,
/// `no_video_stream` when nothing is left to stream.
Result<AdaptivePlan> plan_adaptive(
    const AdaptiveVideoOptions& options, const SourceFacts& source, const std::string& stem
);

/// The constant rate for a source of this rate, 1 to 60: a rate that is usual or the
/// source's own; a variable one gets the next usual one above.
Ratio constant_rate(Ratio average);

}  // namespace ittybit::tasks
