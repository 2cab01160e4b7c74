#pragma once

#include "cli/command.h"

namespace ittybit::app {

/// `ittybit migrate`: an installation on SQLite becomes one on PostgreSQL.
cli::Action declare_migrate(CLI::App& app);

}  // namespace ittybit::app
