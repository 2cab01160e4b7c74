#include "cli/global_flags.h"

#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "work/local_input.h"
#include "work/target.h"

namespace ittybit::cli {
namespace {

/// A flag whose value is nothing but typed text.
CLI::Option* add_text(
    CLI::App& app, const std::string& flags, std::string& value, const char* type, const char* help
) {
    return app.add_option(flags, value, help)->type_name(type)->group("Global");
}

void add_media_flags(CLI::App& app, Globals& globals) {
    app.add_option(
           "-i,--input", globals.inputs, "A path, a URL, s3://bucket/key, or - (standard input)."
    )
        ->type_name("INPUT")
        ->group("Global");
    add_text(
        app, "-o,--output", globals.output, "OUTPUT",
        "A file, FOLDER/, s3://bucket/key, or - (standard output). May hold {filename}."
    );
    add_text(app, "--connection", globals.connection, "NAME", "Credentials for s3://.");
    app.add_flag("--explain", globals.is_explaining, "Print the plan, do nothing.")
        ->group("Global");
    app.add_flag("--async", globals.is_async, "Do not wait for the server.")->group("Global");
}

Error wrong(std::string message) {
    return {ErrorKind::kInvalidOptions, std::move(message), ""};
}

bool is_standard(std::string_view path, int number, std::string_view name) {
    return path == "-" || path == name || path == fmt::format("/dev/fd/{}", number) ||
           path == fmt::format("/proc/self/fd/{}", number);
}

}  // namespace

void add_global_flags(CLI::App& app, Globals& globals, Takes takes) {
    if (takes == Takes::kMedia) add_media_flags(app, globals);
    if (takes != Takes::kFormOnly) {
        app.add_flag("--local", globals.is_local, "On this machine, whatever is configured.")
            ->group("Global");
    }
    app.add_flag("--json", globals.wants_json, "JSON lines, also on a terminal.")->group("Global");
    app.add_flag("--tty", globals.wants_terminal, "For people, also in a pipe.")->group("Global");
    app.add_flag("--quiet", globals.is_quiet, "Print nothing but errors.")->group("Global");
    app.add_flag("--debug", globals.is_debugging, "Say more about what happens.")->group("Global");
    app.set_help_flag("-h,--help", "This text.")->group("Global");
}

Result<> settle(Globals& globals) {
    for (auto& input : globals.inputs) {
        if (!is_standard(input, STDIN_FILENO, work::kStandardInput)) continue;
        if (::isatty(STDIN_FILENO) == 1) {
            return wrong("standard input is a terminal: pipe a file into it, or give a path");
        }
        input = work::kStandardInput;
    }
    if (!globals.inputs.empty()) globals.input = globals.inputs.front();
    if (is_standard(globals.output, STDOUT_FILENO, "/dev/stdout")) {
        globals.output = work::kStandardOutput;
        if (::isatty(STDOUT_FILENO) == 1) {
            return wrong("standard output is a terminal: pipe it into a program or a file");
        }
    }
    std::error_code code;
    const bool is_folder = std::filesystem::is_directory(globals.output, code);
    if (is_folder && !globals.output.ends_with('/')) globals.output += '/';
    return {};
}

}  // namespace ittybit::cli
