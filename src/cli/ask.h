#pragma once

#include <string>

namespace ittybit::cli {

/// A line of standard input. On a terminal it is asked for, and not shown while it is typed.
std::string ask_secret(const std::string& question);

}  // namespace ittybit::cli
