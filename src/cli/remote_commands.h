#pragma once

#include <functional>

#include "base/result.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/display.h"

namespace ittybit::cli {

/// `ittybit jobs`, `files` and `login`: what needs a server.
std::vector<Command> remote_commands();

/// Does something with the configured server; an error ends the command.
using ServerAction = std::function<Result<int>(ApiClient&, Display&)>;
int with_server(Context& context, const ServerAction& action);

}  // namespace ittybit::cli
