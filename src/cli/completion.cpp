#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::cli {
namespace {

constexpr std::string_view kGlobalFlags[] = {"--input", "--output", "--local",  "--async",
                                             "--json",  "--tty",    "--quiet",  "--connection",
                                             "--debug", "--help",   "--explain"};

struct Flag {
    std::string name;
    std::string help;
};

/// The words behind a command: its flags, and the words of its own commands.
struct Words {
    std::string command;
    std::string help;
    std::vector<Flag> flags;
};

std::vector<Flag> flags_of(const CLI::App& app) {
    std::vector<Flag> flags;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) {
            if (name != "help") flags.push_back({"--" + name, option->get_description()});
        }
    }
    for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        flags.push_back({sub->get_name(), sub->get_description()});
    }
    return flags;
}

std::vector<Words> words_of(const std::vector<Command>& commands) {
    std::vector<Words> all;
    for (const auto& command : commands) {
        CLI::App app;
        command.declare(app);
        Words words{std::string(command.name), std::string(command.help), flags_of(app)};
        if (command.name == "completion") words.flags = {{"bash", ""}, {"zsh", ""}, {"fish", ""}};
        all.push_back(std::move(words));
    }
    return all;
}

/// `video) words="--format …" ;;` for each command: bash, and zsh through its bash emulation.
std::string bash_script(const std::vector<Words>& all) {
    std::string names;
    std::string cases;
    for (const auto& words : all) {
        names += (names.empty() ? "" : " ") + words.command;
        std::string flags;
        for (const auto& flag : words.flags) flags += flag.name + " ";
        cases += fmt::format("        {}) words=\"{}\" ;;\n", words.command, flags);
    }
    std::string global;
    for (const auto flag : kGlobalFlags) global += std::string(flag) + " ";
    return fmt::format(
        R"(_ittybit() {{
    local words= current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    case $previous in
        -i|-o|--input|--output) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    case ${{COMP_WORDS[1]}} in
{}    esac
    if [[ $COMP_CWORD == 1 ]]; then words="{}"; else words="$words {}"; fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o filenames -F _ittybit ittybit
)",
        cases, names, global
    );
}

std::string quoted(std::string text) {
    for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) {
        text.replace(at, 1, "\\'");
    }
    return "'" + text + "'";
}

std::string fish_script(const std::vector<Words>& all) {
    std::string script = "complete -c ittybit -f\n";
    for (const auto& words : all) {
        script += fmt::format(
            "complete -c ittybit -n __fish_use_subcommand -a {} -d {}\n", words.command,
            quoted(words.help)
        );
        for (const auto& flag : words.flags) {
            const bool is_flag = flag.name.starts_with("--");
            script += fmt::format(
                "complete -c ittybit -n '__fish_seen_subcommand_from {}' {} {} -d {}\n",
                words.command, is_flag ? "-l" : "-a", flag.name.substr(is_flag ? 2 : 0),
                quoted(flag.help)
            );
        }
    }
    for (const auto flag : kGlobalFlags) {
        const bool is_file = flag == "--input" || flag == "--output";
        script +=
            fmt::format("complete -c ittybit {}-l {}\n", is_file ? "-rF " : "", flag.substr(2));
    }
    return script;
}

}  // namespace

std::string completion_script(const std::string& shell, const std::vector<Command>& commands) {
    const auto all = words_of(commands);
    if (shell == "fish") return fish_script(all);
    const auto script = bash_script(all);
    if (shell == "bash") return script;
    return "#compdef ittybit\nautoload -U +X bashcompinit && bashcompinit\n" + script;
}

}  // namespace ittybit::cli
