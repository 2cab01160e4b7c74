#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"

namespace ittybit::cli {

/// Standard input to its end. Errors: `cancelled`.
Result<std::string> read_standard_input(const std::stop_token& stop);

/// A line of standard input. On a terminal it is asked for, and not shown while it is typed.
/// Errors: `cancelled`.
Result<std::string> ask_secret(const std::string& question, const std::stop_token& stop);

}  // namespace ittybit::cli
