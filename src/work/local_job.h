#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "model/job.h"
#include "model/limits.h"
#include "model/operation.h"
#include "sandbox/zygote.h"
#include "work/local_s3.h"
#include "work/memory_ledger.h"
#include "work/publish.h"

namespace ittybit::work {

/// A job that runs on this machine for the one who typed it.
struct LocalRequest {
    std::string kind;
    json::object options;  // as given
    Operation operation;   // the same, judged
    json::object metadata;
    std::string input;            // a path or URL as typed
    Target target;                // its folder is the zygote's scratch folder too
    std::string output;           // s3://bucket/key instead of the target; empty: the target
    std::shared_ptr<LocalS3> s3;  // where input or output is s3://
    Limits limits;
};

/// probe → import → the work → export, like on a server. Always gives a final job; its `error`
/// says why it failed.
Job run_local_job(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
);

/// One task of its own: `kind` is probe, import, an encode kind or export. Always gives a final
/// task.
Task run_local_task(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
);

/// What the work would do, as JSON; nothing is written. Errors: those of the operation.
Result<json::value> explain_local_job(
    const LocalRequest& request, sandbox::Zygote& zygote, const std::stop_token& stop
);

}  // namespace ittybit::work
