#pragma once

#include "base/bytes.h"
#include "model/protocol.h"
#include "tasks/events.h"

namespace ittybit::tasks {

/// What every kind of task is given beside its options: borrowed for the length of the run.
/// Outputs are made in the current folder as `<assignment.stem>.<extension>`; with
/// `assignment.explain` nothing is made and Finished has only the plan.
struct Job {
    const Assignment& assignment;
    ByteSource& source;
    Events& events;
};

}  // namespace ittybit::tasks
