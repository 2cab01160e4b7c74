#pragma once

#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// Builds the pipeline of a plan, runs it and verifies what came out, against the plan's
/// expectations and by reading it back. Errors: all of SPEC's job errors.
Result<Finished> make(const Plan& plan, Job& job);

}  // namespace ittybit::tasks
