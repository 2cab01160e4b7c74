#pragma once

#include "model/plan.h"
#include "tasks/job.h"
#include "tasks/run_task.h"

namespace ittybit::tasks {

/// Takes the pictures of a plan of many (a film's or an animation's) in one pass over the input,
/// into files of their own or sheets. Errors: those of the source and of Album; `limit_exceeded`
/// (pictures), where only reading tells that there are too many.
Result<Finished> make_series(const Plan& plan, Job& job);

}  // namespace ittybit::tasks
