#pragma once

#include <stop_token>
#include <vector>

#include "model/protocol.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// run_operation() for what is no operation of the service. `assignment` has no inputs yet.
Result<Outcome> run_assignment(
    sandbox::Zygote& zygote,
    Assignment assignment,
    const std::vector<OperationInput>& inputs,
    const OperationEvents& events,
    const std::stop_token& stop
);

}  // namespace ittybit::work
