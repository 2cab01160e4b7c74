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
#include "work/further_sources.h"
#include "work/ledger.h"
#include "work/run_operation.h"
#include "work/slow_input.h"

namespace ittybit::work {

/// One result of a run: what makes it, where it goes, and how warnings name it.
struct OutputRequest {
    Operation operation;
    /// The extension is that of what will be made, "" for a copy of the input.
    std::function<Result<std::unique_ptr<Destination>>(const std::string& extension)> open;
    std::string label = {};  // "": it is the only one
};

/// What a run is about: on a server, on the command line, or in a test.
struct RunRequest {
    std::string kind;  // of the job or standalone task
    std::string url;   // of the input, for its facts
    std::function<Result<std::shared_ptr<storage::Source>>(const std::stop_token&)> open_input;
    OpenFurther open_further = {};
    std::vector<OutputRequest> outputs;  // each of a work and an export task, in the job's order
    Perform perform;
    Limits limits;
    SlowInput* slow_input = nullptr;  // told of each wait for bytes
};

/// The one walk of all work: probe → import → the work itself → export, each a task of the ledger's
/// job; or the same steps as the one task of a standalone one. Its failure is that of the task
/// whose doing it was: getting bytes is the import's, making files the work's, sending them the
/// export's. Of several outputs one that fails leaves the others to be made; those that an earlier
/// attempt has brought to an end are left alone.
Ending run(const RunRequest& request, Ledger& ledger);

}  // namespace ittybit::work
