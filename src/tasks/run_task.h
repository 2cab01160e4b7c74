#pragma once

#include "base/bytes.h"
#include "model/protocol.h"
#include "tasks/events.h"

namespace ittybit::tasks {

/// Does one assignment from beginning to verified end, in the current folder. Each kind is an
/// overload `Result<Finished> run(const XOptions&, Job&)` beside its plan.
/// Errors: those of SPEC's job errors; `invalid_options` when the options do not read.
Result<Finished> run_task(const Assignment& assignment, ByteSource& source, Events& events);

}  // namespace ittybit::tasks
