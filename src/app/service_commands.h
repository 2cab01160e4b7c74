#pragma once

#include "cli/command.h"

namespace ittybit::app {

/// `ittybit serve`, `worker`, `migrate` and `keys`: what needs the store.
std::vector<cli::Command> service_commands();

}  // namespace ittybit::app
