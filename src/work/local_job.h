#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/limits.h"
#include "model/order.h"
#include "sandbox/zygote.h"
#include "work/local_s3.h"
#include "work/memory_ledger.h"
#include "work/target.h"

namespace ittybit::work {

/// A job, or one task, that runs on this machine for the one who typed it.
struct LocalRequest {
    Order order;           // the input is a URL, of a file of this machine too
    bool is_task = false;  // probe, import, an encode kind or export alone
    std::vector<std::optional<Target>> targets;  // of each output; nothing: where the order says
    std::map<std::string, std::shared_ptr<LocalS3>> s3;  // by connection, for s3://
    std::string
        scratch;  // where working files lie: the zygote's folder, a target's if there is one
    Limits limits;
};

/// probe → import → the work → export, like on a server. Always gives a final job, whose `error`
/// says why it failed; of a task, it has that one.
Job run_here(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
);

/// What the work would do, as JSON, a list where there are several outputs; nothing is written.
/// Errors: those of the operation.
Result<json::value> explain_here(
    const LocalRequest& request, sandbox::Zygote& zygote, const std::stop_token& stop
);

}  // namespace ittybit::work
