#pragma once

#include <span>
#include <vector>

#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// What a branch of pictures encodes.
Size size_of(const PicturePlan& picture, const PictureBranch& branch);

/// Builds the pipeline of a plan, runs it and verifies what came out, against the plan's
/// expectations and by reading it back. Errors: all of SPEC's job errors.
Result<Finished> make(const Plan& plan, Job& job);

/// A plan, and whose it is.
struct Planned {
    const Plan& plan;
    Job& job;
};

/// The same for plans that read streams of one input in one window: what several need is read and
/// decoded once. None of them is an image. A plan that fails ends all.
Result<std::vector<Finished>> make_together(std::span<const Planned> planned);

}  // namespace ittybit::tasks
