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

/// Flags that more than one command understands.
struct Globals {
    std::string input;                // of one job; where several were typed, the next
    std::vector<std::string> inputs;  // as typed: paths, URLs, globs
    std::string turn;                 // "3/20" where several were typed
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

/// Which of the flags in Globals mean something to a command.
enum class Takes {
    kFormOnly,  // --json, --tty, --quiet, --debug
    kServer,    // also --local: it asks a server, where there is one
    kMedia,     // all
};

/// A word that may stand behind a command: "cancel ID…", and what it does.
struct Verb {
    std::string_view words;
    std::string_view help;

    std::string_view name() const { return words.substr(0, words.find(' ')); }
};

/// One word behind `ittybit`: adding a command is a row in app's table.
struct Command {
    std::string_view name;
    std::string_view help;
    /// Adds its flags to the parser and gives what to do once they are parsed.
    std::function<Action(CLI::App&)> declare;
    Takes takes = Takes::kFormOnly;
    std::vector<Verb> verbs = {};
    std::vector<std::string_view> examples = {};
};

/// The commands that work without a server.
std::vector<Command> local_commands();

/// `ittybit connections`: the server's where one is configured, else this user's.
Command connections_command();

/// Parses and runs. Errors of the command line itself are exit status 2.
int run(int argc, char** argv, const std::vector<Command>& commands);

}  // namespace ittybit::cli
