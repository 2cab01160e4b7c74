#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace ittybit::cli {

/// A completion script for `bash`, `zsh` or `fish`, from the commands' own flags.
std::string completion_script(const std::string& shell, const std::vector<Command>& commands);

}  // namespace ittybit::cli
