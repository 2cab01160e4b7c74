#pragma once

#include "app/engine.h"
#include "cli/command.h"

namespace ittybit::app {

/// Gives a server that has no lasting key its first: what ITTYBIT_API_KEY says, else a new one.
Result<> make_first_key(Engine& engine);

/// `ittybit keys`.
cli::Action declare_keys(CLI::App& app);

/// Says on standard error why a command failed. Its exit status.
int complain(const Error& error);

}  // namespace ittybit::app
