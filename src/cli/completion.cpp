#include "cli/completion.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/global_flags.h"

namespace ittybit::cli {
namespace {

/// A flag, and what may stand behind it.
struct Flag {
    std::vector<std::string> names;  // "-o", "--output"
    std::string help;
    std::vector<std::string> values;
    bool has_value = false;
    bool is_file = false;
};

/// What may follow the words that lead to it: "jobs", "task video".
struct Place {
    std::string words;
    std::string help;
    std::vector<Flag> flags;
    std::vector<Verb> verbs;
    bool takes_files = false;
};

Flag flag_of(const CLI::Option& option) {
    Flag flag;
    for (const auto& name : option.get_snames()) flag.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) flag.names.push_back("--" + name);
    flag.help = option.get_description();
    flag.has_value = option.get_expected_max() != 0;
    const auto type = option.get_type_name();
    flag.is_file = type == "INPUT" || type == "OUTPUT" || type == "FILE";
    if (type.find('|') != std::string::npos) {
        flag.values = split(type.substr(0, type.find(',')), '|');
    }
    return flag;
}

std::vector<Flag> flags_of(const CLI::App& app) {
    std::vector<Flag> flags;
    for (const auto* option : app.get_options()) {
        if (option->nonpositional()) flags.push_back(flag_of(*option));
    }
    return flags;
}

/// A command, and the places below it.
std::vector<Place> places_of(const Command& command) {
    Globals globals;
    CLI::App app;
    add_global_flags(app, globals, command.takes);
    command.declare(app);
    const auto common = flags_of(app);
    Place place{
        std::string(command.name), std::string(command.help), common, command.verbs,
        command.takes == Takes::kMedia
    };
    std::vector<Place> all;
    for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        Place below{
            fmt::format("{} {}", command.name, sub->get_name()),
            sub->get_description(),
            flags_of(*sub),
            {},
            true
        };
        below.flags.insert(below.flags.end(), common.begin(), common.end());
        all.push_back(std::move(below));
    }
    all.insert(all.begin(), std::move(place));
    return all;
}

std::vector<Place> places_of(const std::vector<Command>& commands) {
    std::vector<Place> all;
    for (const auto& command : commands) {
        for (auto& place : places_of(command)) all.push_back(std::move(place));
    }
    return all;
}

bool is_below(const Place& place) {
    return place.words.find(' ') != std::string::npos;
}

/// The words that may follow next: verbs, and the last words of the places below.
std::vector<std::pair<std::string, std::string>> next_words(
    const Place& place, const std::vector<Place>& all
) {
    std::vector<std::pair<std::string, std::string>> next;
    for (const auto& verb : place.verbs) {
        if (verb.name() != "ID") next.emplace_back(verb.name(), verb.help);
    }
    for (const auto& other : all) {
        if (!other.words.starts_with(place.words + " ")) continue;
        next.emplace_back(other.words.substr(place.words.size() + 1), other.help);
    }
    return next;
}

/// For a shell's single quotes.
std::string quoted(std::string text) {
    for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) {
        text.replace(at, 1, "'\\''");
    }
    return "'" + text + "'";
}

std::string bash_values(const std::vector<Place>& all) {
    std::string cases;
    for (const auto& place : all) {
        for (const auto& flag : place.flags) {
            if (flag.values.empty()) continue;
            cases += fmt::format(
                "        '{} {}') words='{}' ;;\n", place.words, flag.names.back(),
                join(flag.values, " ")
            );
        }
    }
    return cases;
}

std::string bash_words(const std::vector<Place>& all) {
    std::string cases;
    for (const auto& place : all) {
        std::string words;
        for (const auto& [word, help] : next_words(place, all)) words += word + " ";
        for (const auto& flag : place.flags) words += flag.names.back() + " ";
        cases += fmt::format(
            "        '{}') words='{}'; files={} ;;\n", place.words, words,
            place.takes_files ? "yes" : ""
        );
    }
    return cases;
}

std::string bash_script(const std::vector<Place>& all) {
    std::string commands;
    std::string parents;
    for (const auto& place : all) {
        if (!is_below(place)) commands += place.words + " ";
        if (is_below(place)) parents = place.words.substr(0, place.words.find(' '));
    }
    return fmt::format(
        R"(_ittybit() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    local place=${{COMP_WORDS[1]}} words= files=
    if [[ $COMP_CWORD == 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W '{commands}help' -- "$current")
        return
    fi
    [[ $place == {parent} && $COMP_CWORD -gt 2 ]] && place+=" ${{COMP_WORDS[2]}}"
    case "$place $previous" in
{values}        *' -i'|*' -o'|*' --input'|*' --output') files=only ;;
    esac
    [[ -z $words$files ]] && case $place in
{words}    esac
    COMPREPLY=()
    [[ $files != only ]] && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    if [[ -n $files && $current != -* ]]; then
        compopt -o filenames
        local found
        while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen -f -- "$current")
    fi
}}
complete -F _ittybit ittybit
)",
        fmt::arg("commands", commands), fmt::arg("parent", parents),
        fmt::arg("values", bash_values(all)), fmt::arg("words", bash_words(all))
    );
}

/// `--format[The container.]:value:(mp4 webm)`, in quotes.
std::string zsh_flag(const Flag& flag) {
    std::string help;
    for (const char letter : flag.help) {
        if (letter == '[' || letter == ']' || letter == '\\') help += '\\';
        help += letter;
    }
    std::string value;
    if (flag.is_file) {
        value = ":file:_files";
    } else if (!flag.values.empty()) {
        value = fmt::format(":value:({})", join(flag.values, " "));
    } else if (flag.has_value) {
        value = ":value: ";
    }
    std::string all;
    for (const auto& name : flag.names) {
        all += " " + quoted(fmt::format("{}{}[{}]{}", flag.is_file ? "*" : "", name, help, value));
    }
    return all;
}

/// Choices with their meaning, for _describe.
std::string zsh_choices(const std::vector<std::pair<std::string, std::string>>& words) {
    std::string choices;
    for (const auto& [word, help] : words)
        choices += " " + quoted(fmt::format("{}:{}", word, help));
    return choices;
}

std::string zsh_script(const std::vector<Place>& all) {
    std::string cases;
    std::string parent;
    std::vector<std::pair<std::string, std::string>> commands{{"help", "What a command does."}};
    for (const auto& place : all) {
        if (is_below(place)) {
            parent = place.words.substr(0, place.words.find(' '));
        } else {
            commands.emplace_back(place.words, place.help);
        }
        std::string flags;
        for (const auto& flag : place.flags) flags += zsh_flag(flag);
        const auto next = next_words(place, all);
        cases += fmt::format(
            "        {}) next=({}); _arguments -S{}{} ;;\n", quoted(place.words), zsh_choices(next),
            flags, next.empty() ? " '*:file:_files'" : " '1:word:->next'"
        );
    }
    return fmt::format(
        R"(#compdef ittybit
_ittybit() {{
    local state place=$words[2]
    local -a next commands=({commands})
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    shift words
    (( CURRENT-- ))
    if [[ $place == {parent} ]] && (( CURRENT > 2 )); then
        place+=" $words[2]"
        shift words
        (( CURRENT-- ))
    fi
    case $place in
{cases}    esac
    [[ $state == next ]] && _describe word next
}}
if [[ $funcstack[1] == _ittybit ]]; then _ittybit "$@"; else compdef _ittybit ittybit; fi
)",
        fmt::arg("commands", zsh_choices(commands)), fmt::arg("parent", parent),
        fmt::arg("cases", cases)
    );
}

std::string fish_flag(const Flag& flag, const std::string& condition) {
    std::string line = fmt::format("complete -c ittybit -n {}", quoted(condition));
    for (const auto& name : flag.names) {
        const bool is_long = name.starts_with("--");
        line += fmt::format(" -{} {}", is_long ? "l" : "s", name.substr(is_long ? 2 : 1));
    }
    if (flag.is_file) {
        line += " -r -F";
    } else if (flag.has_value) {
        line += " -x";
    }
    if (!flag.values.empty()) line += " -a " + quoted(join(flag.values, " "));
    return line + " -d " + quoted(flag.help) + "\n";
}

std::string fish_script(const std::vector<Place>& all) {
    std::string script = "complete -c ittybit -f\n";
    for (const auto& place : all) {
        const auto words = split(place.words, ' ');
        if (words.size() == 1) {
            script += fmt::format(
                "complete -c ittybit -n __fish_use_subcommand -a {} -d {}\n", place.words,
                quoted(place.help)
            );
        }
        std::string condition;
        for (const auto& word : words) {
            condition += (condition.empty() ? "" : "; and ") +
                         fmt::format("__fish_seen_subcommand_from {}", word);
        }
        if (place.takes_files) {
            script += fmt::format("complete -c ittybit -n {} -F\n", quoted(condition));
        }
        for (const auto& [word, help] : next_words(place, all)) {
            script += fmt::format(
                "complete -c ittybit -n {} -a {} -d {}\n", quoted(condition), word, quoted(help)
            );
        }
        for (const auto& flag : place.flags) script += fish_flag(flag, condition);
    }
    return script;
}

}  // namespace

std::string completion_script(const std::string& shell, const std::vector<Command>& commands) {
    const auto all = places_of(commands);
    if (shell == "fish") return fish_script(all);
    return shell == "bash" ? bash_script(all) : zsh_script(all);
}

}  // namespace ittybit::cli
