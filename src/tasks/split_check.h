#pragma once

#include "media/input.h"
#include "model/plan.h"
#include "tasks/source_facts.h"

namespace ittybit::tasks {

/// Whether pieces of a plan's picture, each encoded by itself, are the whole: nothing is carried
/// from picture to picture but by filters that look at neighbours, and encoders aim at a quality,
/// not at a rate over all.
bool can_be_split(const Plan& plan, const SourceFacts& source, const media::Input& input);

}  // namespace ittybit::tasks
