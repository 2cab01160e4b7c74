#pragma once

#include <memory>
#include <span>

#include "base/bytes.h"
#include "model/plan.h"
#include "model/protocol.h"
#include "tasks/events.h"
#include "tasks/job.h"
#include "tasks/together.h"

namespace ittybit::tasks {

/// Does one assignment from beginning to verified end, in the current folder. Each kind has an
/// overload `Result<Plan> plan(const XOptions&, Job&)`, and what it plans is made by `make`; a kind
/// that does otherwise has a `run` of its own.
/// `further` are the files that options name, behind the input in the assignment. Errors: those of
/// SPEC's job errors; `invalid_options` when the options do not read.
Result<Finished> run_task(
    const Assignment& assignment,
    ByteSource& source,
    Events& events,
    std::span<const std::unique_ptr<ByteSource>> further = {}
);

/// The answer when nothing but the plan is wanted: with the facts of the input. Errors: as probe.
Result<Finished> explained(const Plan& plan, Job& job);

/// The plan that was given with the assignment, else a new one.
template <typename Options>
Result<Plan> plan_of(const Options& options, Job& job) {
    if (!job.assignment.plan.is_null()) return read_plan(job.assignment.plan);
    return plan(options, job);
}

template <typename Options>
Result<Finished> run(const Options& options, Job& job) {
    const Plan decided = TRY(plan_of(options, job));
    if (job.assignment.explain) return explained(decided, job);
    return make_with_others(decided, job);
}

}  // namespace ittybit::tasks
