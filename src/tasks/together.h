#pragma once

#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// Makes what the job's plan says, and beside it the assignment's other outputs, of one decode;
/// these only where all of them are made of the same pictures, and not more is encoded at once than
/// a large stream is. Else Finished.beside is empty. Errors: as `make`, of any of them.
Result<Finished> make_with_others(const Plan& plan, Job& job);

}  // namespace ittybit::tasks
