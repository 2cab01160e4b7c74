#pragma once

#include <string>

#include "model/options.h"
#include "model/plan.h"
#include "tasks/source_facts.h"

namespace ittybit::tasks {

/// The plan of an audio task that makes a waveform in place of sound; the source has sound. `name`
/// is the output file's. Errors: `start_out_of_range`.
Result<Plan> plan_waveform(
    const AudioOptions& options, const SourceFacts& source, const std::string& name
);

}  // namespace ittybit::tasks
