#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace ittybit::cli {

/// The width to which text for people is wrapped: the terminal's behind `descriptor`, else 80.
int columns_of(int descriptor);

/// `text` in lines of at most `columns`, all but the first behind `indent` blanks; a word that is
/// longer stays whole.
std::string wrapped(std::string_view text, int columns, int indent);

/// `ittybit --help`: every command, by groups, with examples.
std::string overview(const std::vector<Command>& commands, int columns);

/// `ittybit COMMAND --help`, and that of a command below it.
class CommandHelp : public CLI::FormatterBase {
public:
    CommandHelp(Command command, int columns) : command_(std::move(command)), columns_(columns) {}
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode)
        const override;

private:
    Command command_;
    int columns_;
};

}  // namespace ittybit::cli
