#pragma once

#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace ittybit::cli {

/// `ittybit jobs`.
Command jobs_command();

/// Lines for people, newest first as they come: id, status, kind, when and the end of the input, in
/// `columns`. `now` in Unix seconds tells today from other days.
std::string job_table(const json::array& jobs, int columns, std::int64_t now);

}  // namespace ittybit::cli
