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
    media::PictureEncoding encoding;
    static constexpr auto kFields = std::tuple{
        Field{&PictureRendition::name, "name", ""},
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
};

/// One rendition beside pictures, two of different rates where sound is all there is.
struct SoundLadder {
    int stream = 0;
    std::string language;
    std::vector<SoundRendition> renditions;
    static constexpr auto kFields = std::tuple{
        Field{&SoundLadder::stream, "stream", ""},
        Field{&SoundLadder::language, "language", ""},
        Field{&SoundLadder::renditions, "renditions", ""},
    };
};

struct AdaptivePlan {
    TimePlan time;
    std::optional<PictureLadder> picture;
    std::optional<SoundLadder> sound;
    std::vector<std::string> warnings;
    static constexpr auto kFields = std::tuple{
        Field{&AdaptivePlan::time, "time", ""},
        Field{&AdaptivePlan::picture, "picture", ""},
        Field{&AdaptivePlan::sound, "sound", ""},
        Field{&AdaptivePlan::warnings, "warnings", ""},
    };
};

/// The plan for a source with pictures, sound or both. `stem` is the main playlist's name without
/// its extension, which no other playlist may have. Errors: `start_out_of_range`, `encode_failed`,
/// `no_video_stream` when nothing is left to stream.
Result<AdaptivePlan> plan_adaptive(
    const AdaptiveVideoOptions& options, const SourceFacts& source, const std::string& stem
);

/// The constant rate for a source of this average rate, 1 to 60: a rate that is usual or the
/// source's own; a variable one gets the next usual one above its average.
Ratio constant_rate(Ratio average);

/// The rate that a source means: `finest`, which all its timestamps fit into, where that is a usual
/// rate that pictures are now and then missing from; else its average.
Ratio meant_rate(Ratio average, Ratio finest);

}  // namespace ittybit::tasks
