#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/intake.h"
#include "model/plan.h"
#include "model/protocol.h"

/// What must come out of a task, and whether it did: "succeeded" also means "all of it".
namespace ittybit::tasks {

/// What of one stream went through to the encoder, or into the output; absent where that cannot be
/// compared with packets.
struct Through {
    int stream = 0;
    Expectation expects;
    std::optional<std::int64_t> pictures;
    std::optional<double> seconds;
};

/// What went through, of all that a plan reads.
struct AllThrough {
    std::vector<Through> pictures;
    std::vector<Through> sounds;
};

/// What of the input is not in the output.
struct Missing {
    std::string said;     // a sentence: how much, and why
    bool is_much = true;  // beyond 1 % or 1 s; also when nobody knows
};

/// Compares what the demuxer gave of the input with what went through, and both with what was
/// expected. Errors: those of the source.
Result<std::vector<Missing>> shortfall(
    const media::Input& input,
    const media::Intake& intake,
    const media::Cut& cut,
    const AllThrough& through
);

/// The same of an input that no demuxer reads, by the pictures that it was to give.
std::vector<Missing> shortfall(const AllThrough& through);

/// Says it in the warnings, and what is much also in those of the file, which must be known.
void tell(const std::vector<Missing>& missing, Finished& finished);

}  // namespace ittybit::tasks
