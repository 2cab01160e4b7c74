#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/global_flags.h"
#include "cli/help.h"
#include "model/option_names.h"

namespace ittybit::cli {
namespace {

/// Flags may be written with underscores, like the API's fields.
std::vector<std::string> with_dashes(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    for (auto& word : words) {
        if (word == "--") break;
        if (!word.starts_with("--")) continue;
        const auto name_end = std::min(word.find('='), word.size());
        std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(name_end), '_', '-');
    }
    return words;
}

/// What people try first: `help video`, `--version`, `-V`.
std::vector<std::string> in_our_words(std::vector<std::string> words) {
    if (words.empty()) return words;
    auto& first = words.front();
    if (first == "--version" || first == "-V") first = "version";
    if (first == "help") {
        words.erase(words.begin());
        words.emplace_back("--help");
    }
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

/// What is said of a flag that a command does not have: whose option it is, or which is near.
std::string strange_flag(const CLI::App& command, const std::string& word) {
    auto option = word.substr(0, word.find('='));
    option.erase(0, option.find_first_not_of('-'));
    std::ranges::replace(option, '-', '_');
    auto kinds = kinds_with(option);
    if (kinds.empty() && option.starts_with("no_")) kinds = kinds_with(option.substr(3));
    const auto below = command.get_subcommands();  // what it does not have either falls through
    const auto& here = below.empty() ? command : *below.front();
    if (kinds.empty()) {
        return fmt::format("{} is not an option here{}", word, flag_suggestion(here, word));
    }
    return fmt::format("{} is an option of {}, not of {}", word, join(kinds), here.get_name());
}

/// The words that may stand behind a command, where none of them does.
std::vector<std::string> names_below(const CLI::App& command) {
    std::vector<std::string> names;
    if (!command.get_subcommands().empty()) return names;
    for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(sub->get_name());
    }
    return names;
}

std::string strange_kind(const std::string& word, const std::vector<std::string>& names) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    return fmt::format(
        "there is no kind \"{}\"{}: it is one of {}", word, suggestion(word, known), join(names)
    );
}

Error wrong(std::string message) {
    return {ErrorKind::kInvalidOptions, std::move(message), ""};
}

/// What the parser left over, or nothing.
std::optional<Error> leftover(const CLI::App& command) {
    const auto words = command.remaining();
    if (words.empty()) return std::nullopt;
    const auto& word = words.front();
    if (word.starts_with("-")) return wrong(strange_flag(command, word));
    if (const auto below = names_below(command); !below.empty()) {
        return Error{ErrorKind::kInvalidKind, strange_kind(word, below), "kind"};
    }
    return wrong(fmt::format("\"{}\" is one word too many; inputs need -i in front", word));
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
    CLI::App app{"", "ittybit"};
    Globals globals;
    std::vector<std::pair<CLI::App*, Action>> actions;
};

void declare(Parsed& parsed, const std::vector<Command>& commands) {
    const int columns = columns_of(STDOUT_FILENO);
    parsed.app.allow_extras();
    parsed.app.formatter_fn([&commands, columns](auto&&...) { return overview(commands, columns); }
    );
    add_global_flags(parsed.app, parsed.globals, Takes::kMedia);
    for (const auto& command : commands) {
        auto* sub = parsed.app.add_subcommand(std::string(command.name), std::string(command.help));
        sub->allow_extras();
        sub->formatter(std::make_shared<CommandHelp>(command, columns));
        add_global_flags(*sub, parsed.globals, command.takes);
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
        if (auto done = settle(context.globals); !done) {
            return Display(context.globals).finish(done.error());
        }
        return action(context);
    }
    if (auto error = unknown_command(parsed.app, context.commands)) {
        return Display(context.globals).finish(*error);
    }
    std::fputs(overview(context.commands, columns_of(STDERR_FILENO)).c_str(), stderr);
    return 2;
}

/// A disk that is full must not end in a success. A reader who left a pipe has what it wanted.
int after_printing(int status, const Globals& globals) {
    std::cout.flush();
    const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout;
    struct stat out{};
    const bool is_pipe =
        ::fstat(STDOUT_FILENO, &out) == 0 && !S_ISREG(out.st_mode) && !S_ISCHR(out.st_mode);
    if (status != 0 || is_written || is_pipe) return status;
    return Display(globals).finish(
        Error{ErrorKind::kDiskFull, "what is to be printed cannot be written", ""}
    );
}

}  // namespace

int run(int argc, char** argv, const std::vector<Command>& commands) {
    Parsed parsed;
    declare(parsed, commands);
    try {
        auto words = in_our_words(with_dashes(argc, argv));
        std::ranges::reverse(words);  // as CLI11 takes them
        parsed.app.parse(std::move(words));
    } catch (const CLI::Success& asked) {  // --help
        return parsed.app.exit(asked);
    } catch (const CLI::ParseError& error) {
        return Display(parsed.globals).finish(wrong(error.what()));
    }
    log::configure(parsed.globals.is_debugging ? log::Level::kDebug : log::Level::kWarn);
    try {
        Interrupt interrupt;
        Context context{parsed.globals, interrupt, commands};
        return after_printing(act(parsed, context), parsed.globals);
    } catch (const std::exception& failure) {
        log::error("unexpected", {{"what", failure.what()}});
        return Display(parsed.globals)
            .finish(
                Error{ErrorKind::kInternalError, "something unforeseen happened; see --debug", ""}
            );
    }
}

}  // namespace ittybit::cli
