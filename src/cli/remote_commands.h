#pragma once

#include "cli/command.h"

namespace ittybit::cli {

/// `ittybit jobs`, `connections` and `login`: what needs a server.
std::vector<Command> remote_commands();

}  // namespace ittybit::cli
