#pragma once

#include "cli/command.h"

namespace ittybit::cli {

/// Adds the flags of Globals that mean something to a command. `globals` must outlive the parser.
void add_global_flags(CLI::App& app, Globals& globals, Takes takes);

/// One spelling for what has several, once all is parsed: standard input and output, and a folder.
/// Errors: `invalid_options`, where a terminal would have to give or take a file.
Result<> settle(Globals& globals);

}  // namespace ittybit::cli
