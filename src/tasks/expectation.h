#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/fields.h"
#include "media/intake.h"
#include "model/protocol.h"
#include "tasks/source_facts.h"

/// What must come out of a task, and whether it did: "succeeded" also means "all of it".
namespace ittybit::tasks {

/// By the input's own tables, within start and end; what they do not say is absent.
struct Expectation {
    std::optional<double> picture_seconds;
    std::optional<double> sound_seconds;
    static constexpr auto kFields = std::tuple{
        Field{&Expectation::picture_seconds, "picture_seconds", ""},
        Field{&Expectation::sound_seconds, "sound_seconds", ""},
    };
};

/// What is expected of a source from `start` to `end` seconds.
Expectation expectation(const SourceFacts& source, double start, std::optional<double> end);

/// What of one stream went through to the encoder, or into the output; absent where that cannot be
/// compared with packets.
struct Through {
    int stream = 0;
    std::optional<std::int64_t> pictures;
    std::optional<double> seconds;
};

/// What of the input is not in the output.
struct Missing {
    std::string said;     // a sentence: how much, and why
    bool is_much = true;  // beyond 1 % or 1 s; also when nobody knows
};

/// Compares what the demuxer gave of the input with what went through, and both with `expects`.
std::vector<Missing> shortfall(
    const media::Input& input,
    const media::Intake& intake,
    const media::Cut& cut,
    const Expectation& expects,
    const std::optional<Through>& picture,
    const std::optional<Through>& sound
);

/// Says it in the warnings, and what is much also in those of the file, which must be known.
void tell(const std::vector<Missing>& missing, Finished& finished);

}  // namespace ittybit::tasks
