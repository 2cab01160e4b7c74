#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/interrupt.h"

namespace CLI {
class App;
}

/// The command line: what is typed becomes a JSON document, the same readers as the API's judge it,
/// and what happens is shown on a terminal or as JSON lines.
namespace ittybit::cli {

/// Flags that every command understands.
struct Globals {
    std::string input;
    std::string output;
    std::string connection;
    bool is_local = false;
    bool is_async = false;
    bool wants_json = false;
    bool wants_terminal = false;
    bool is_quiet = false;
    bool is_explaining = false;
    bool is_debugging = false;
};

struct Command;

/// What a command is given to run with; lives as long as the process.
struct Context {
    Globals globals;
    Interrupt& interrupt;
    const std::vector<Command>& commands;
};

/// Runs a command that was chosen and gives the exit status (SPEC section 3).
using Action = std::function<int(Context&)>;

/// One word behind `ittybit`: adding a command is a row in app's table.
struct Command {
    std::string_view name;
    std::string_view help;
    /// Adds its flags to the parser and gives what to do once they are parsed.
    std::function<Action(CLI::App&)> declare;
};

/// The commands that work without a server.
std::vector<Command> local_commands();

/// `ittybit connections`: the server's where one is configured, else this user's.
Command connections_command();

/// Parses and runs. Errors of the command line itself are exit status 2.
int run(int argc, char** argv, const std::vector<Command>& commands);

}  // namespace ittybit::cli
