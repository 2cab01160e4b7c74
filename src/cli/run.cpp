#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/display.h"

namespace ittybit::cli {
namespace {

constexpr std::string_view kFooter =
    "Exit status: 0 done; 1 the job failed; 2 the request was wrong; 3 not allowed;\n"
    "4 the server or network could not be reached; 130 interrupted.";

void add_global_flags(CLI::App& app, Globals& globals) {
    app.add_option("-i,--input", globals.input, "A path or URL.")->group("Global");
    app.add_option("-o,--output", globals.output, "Where the result goes.")->group("Global");
    app.add_flag("--local", globals.is_local, "Run on this machine, whatever is configured.")
        ->group("Global");
    app.add_flag("--async", globals.is_async, "Do not wait for the server.")->group("Global");
    app.add_flag("--json", globals.wants_json, "JSON lines, also on a terminal.")->group("Global");
    app.add_flag("--tty", globals.wants_terminal, "A progress bar, also in a pipe.")
        ->group("Global");
    app.add_option("--connection", globals.connection, "Credentials for s3:// by name.")
        ->envname("ITTYBIT_CONNECTION")
        ->group("Global");
    app.add_flag("--debug", globals.is_debugging, "Say more about what happens.")->group("Global");
    app.add_flag("--quiet", globals.is_quiet, "Say nothing but errors.")->group("Global");
    app.add_flag("--explain", globals.is_explaining, "Print the plan, do nothing.")
        ->group("Global");
}

/// Flags may be written with underscores, like the API's fields.
std::vector<std::string> with_dashes(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    for (auto& word : words) {
        if (word == "--") break;
        if (!word.starts_with("--")) continue;
        const auto name_end = std::min(word.find('='), word.size());
        std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(name_end), '_', '-');
    }
    std::ranges::reverse(words);  // as CLI11 takes them
    return words;
}

/// What was meant, maybe, behind a flag that is none.
std::string flag_suggestion(const CLI::App& command, const std::string& word) {
    std::vector<std::string> flags;
    for (const auto* option : command.get_options()) {
        for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
    }
    const std::vector<std::string_view> known(flags.begin(), flags.end());
    return suggestion(word.substr(0, word.find('=')), known);
}

Error wrong(std::string message) {
    return {ErrorKind::kInvalidOptions, std::move(message), ""};
}

/// What the parser left over, or nothing.
std::optional<Error> leftover(const CLI::App& command) {
    const auto words = command.remaining();
    if (words.empty()) return std::nullopt;
    const auto& word = words.front();
    if (!word.starts_with("-")) {
        return wrong(fmt::format("\"{}\" is one word too many; inputs need -i in front", word));
    }
    return wrong(fmt::format("{} is not an option here{}", word, flag_suggestion(command, word)));
}

std::optional<Error> unknown_command(const CLI::App& app, const std::vector<Command>& commands) {
    const auto words = app.remaining();
    if (words.empty()) return std::nullopt;
    std::vector<std::string_view> known;
    for (const auto& command : commands) known.push_back(command.name);
    return wrong(
        fmt::format("there is no command \"{}\"{}", words.front(), suggestion(words.front(), known))
    );
}

struct Parsed {
    CLI::App app{"Turns any media file into one that plays everywhere.", "ittybit"};
    Globals globals;
    std::vector<std::pair<CLI::App*, Action>> actions;
};

void declare(Parsed& parsed, const std::vector<Command>& commands) {
    parsed.app.footer(std::string(kFooter));
    parsed.app.allow_extras();
    add_global_flags(parsed.app, parsed.globals);
    for (const auto& command : commands) {
        auto* sub = parsed.app.add_subcommand(std::string(command.name), std::string(command.help));
        sub->allow_extras();
        add_global_flags(*sub, parsed.globals);
        parsed.actions.emplace_back(sub, command.declare(*sub));
    }
}

int act(Parsed& parsed, Context& context) {
    for (const auto& [sub, action] : parsed.actions) {
        if (!sub->parsed()) continue;
        for (const auto* inner : sub->get_subcommands()) {
            if (auto error = leftover(*inner)) return Display(context.globals).finish(*error);
        }
        if (auto error = leftover(*sub)) return Display(context.globals).finish(*error);
        return action(context);
    }
    if (auto error = unknown_command(parsed.app, context.commands)) {
        return Display(context.globals).finish(*error);
    }
    fmt::print(stderr, "{}", parsed.app.help());
    return 2;
}

}  // namespace

int run(int argc, char** argv, const std::vector<Command>& commands) {
    Parsed parsed;
    declare(parsed, commands);
    try {
        parsed.app.parse(with_dashes(argc, argv));
    } catch (const CLI::Success& asked) {  // --help
        return parsed.app.exit(asked);
    } catch (const CLI::ParseError& error) {
        return Display(parsed.globals).finish(wrong(error.what()));
    }
    log::configure(parsed.globals.is_debugging ? log::Level::kDebug : log::Level::kWarn);
    try {
        Interrupt interrupt;
        Context context{parsed.globals, interrupt, commands};
        return act(parsed, context);
    } catch (const std::exception& failure) {
        log::error("unexpected", {{"what", failure.what()}});
        return Display(parsed.globals)
            .finish(
                Error{ErrorKind::kInternalError, "something unforeseen happened; see --debug", ""}
            );
    }
}

}  // namespace ittybit::cli
