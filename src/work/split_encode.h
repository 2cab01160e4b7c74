#pragma once

#include <stop_token>

#include "work/held_job.h"
#include "work/run_operation.h"
#include "work/slots.h"
#include "work/workshop.h"

namespace ittybit::work {

/// Who is asked to perform an operation that may be split.
struct SplitParty {
    Workshop& shop;
    const HeldJob& job;
    const Slots::Hold& slot;
};

/// Performs an operation of a job; a long encode in pieces, which other workers take, and this one
/// too: one child joins them as they come, and makes the rest. Errors: as Workshop::perform, those
/// of a piece that fails for good.
Result<Outcome> perform_shared(
    const SplitParty& party,
    const OperationRequest& request,
    const OperationEvents& events,
    const std::stop_token& stop
);

}  // namespace ittybit::work
