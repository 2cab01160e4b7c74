#pragma once

#include <optional>

#include "model/plan.h"
#include "tasks/adaptive_ladder.h"
#include "tasks/job.h"
#include "tasks/source_facts.h"

/// What a film's pictures need, measured before its ladder is decided.
namespace ittybit::tasks {

/// The demand of a stream's pictures, by short encodes of parts spread over the plan's window, at
/// most a twentieth of the work that the plan is. Reads with a reader of its own. Nothing where
/// that does not tell: a film of a few seconds, one of unknown length, tiny pictures, parts that
/// are missing or damaged, and what is only explained and not here yet.
std::optional<Demand> measure_demand(const Plan& plan, const PictureFacts& facts, const Job& job);

}  // namespace ittybit::tasks
