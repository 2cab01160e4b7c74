#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "work/destination.h"

namespace ittybit::work {

/// A task that has made something which now has its names.
struct Made {
    std::string task;  // an id
    Published published;
    std::vector<std::string> warnings = {};
};

/// A failure and the task whose it is.
struct Blamed {
    std::string task;
    Error error;
};

/// How a run ended. What it had told its ledger before is not here.
struct Ending {
    std::optional<Made> last;           // the very last task, when all went well
    std::vector<Blamed> failures = {};  // the first is the one to be told of
    std::int64_t input_bytes = 0;
};

/// Notes what one of the job's tasks has made.
void note(Job& job, const Made& made, UnixMillis now);

/// The last transition of a job or standalone task: what `ending` makes of it. It fails when one of
/// its outputs did; those of the others stay.
void conclude(Job& job, const Ending& ending, UnixMillis now);

}  // namespace ittybit::work
