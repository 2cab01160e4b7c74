#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "model/limits.h"
#include "model/operation.h"
#include "storage/source.h"
#include "work/destination.h"
#include "work/ledger.h"
#include "work/run_operation.h"
#include "work/slow_input.h"

namespace ittybit::work {

/// Runs an operation in a child; in tests, a script.
using Perform = std::function<Result<Outcome>(
    const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
)>;

/// One result of a run: what makes it, and where it goes.
struct OutputRequest {
    Operation operation;
    /// The extension is that of what will be made, "" for a copy of the input.
    std::function<Result<std::unique_ptr<Destination>>(const std::string& extension)> open;
};

/// What a run is about: on a server, on the command line, or in a test.
struct RunRequest {
    std::string kind;  // of the job or standalone task
    std::string url;   // of the input, for its facts
    std::function<Result<std::shared_ptr<storage::Source>>(const std::stop_token&)> open_input;
    std::vector<OutputRequest> outputs;  // each of a work and an export task, in the job's order
    Perform perform;
    Limits limits;
    SlowInput* slow_input = nullptr;  // told of each wait for bytes
};

/// How a run ended.
struct Ending {
    Result<File> output;  // of the last task, which is not told the ledger
    std::string task;     // the id of the last one, or of the one that failed
    std::vector<std::string> warnings = {};
    std::vector<store::Part> parts = {};  // published beside the output
    std::int64_t input_bytes = 0;
};

/// The one walk of all work: probe → import → the work itself → export, each a task of the ledger's
/// job; or the same steps as the one task of a standalone one. Its failure is that of the task
/// whose doing it was: getting bytes is the import's, making files the work's, sending them the
/// export's.
Ending run(const RunRequest& request, Ledger& ledger);

/// The last transition of a job or standalone task: what `ending` makes of it.
void conclude(Job& job, const Ending& ending, UnixMillis now);

}  // namespace ittybit::work
