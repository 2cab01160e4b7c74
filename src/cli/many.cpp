#include "cli/many.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include "cli/display.h"
#include "model/error_kinds.h"
#include "model/output_name.h"
#include "work/local_input.h"
#include "work/places.h"
#include "work/target.h"

namespace ittybit::cli {
namespace {

bool is_glob(const std::string& input) {
    std::error_code code;
    return input.find_first_of("*?[") != std::string::npos && !is_url(input) &&
           !input.starts_with('{') && !std::filesystem::exists(work::path_of(input), code);
}

struct Free {
    void operator()(glob_t* found) const {
        ::globfree(found);
        delete found;
    }
};

std::vector<std::string> matches(const std::string& pattern) {
    const std::unique_ptr<glob_t, Free> found(new glob_t());
    if (::glob(pattern.c_str(), 0, nullptr, found.get()) != 0) return {};
    return {found->gl_pathv, found->gl_pathv + found->gl_pathc};
}

/// What an input gives `{filename}`: a key holds less than a name of this machine.
std::string stem_in(const std::string& output, const std::string& input) {
    if (!is_url(output)) return work::stem_of_input(input);
    return work::stem_of(is_url(input) ? input : work::file_url(input));
}

/// A folder of this machine numbers what is taken, as nobody does in a bucket, and a server names
/// its files itself.
bool has_room_for_all(const std::string& output) {
    if (!is_url(output)) return output.empty() || output.ends_with('/');
    return is_s3(output) && output.find("{id}") != std::string::npos;
}

Result<> check_readable(const std::string& input) {
    if (is_url(input) || input == work::kStandardInput) return {};
    const auto path = work::path_of(input);
    if (::access(path.c_str(), R_OK) == 0) return {};
    const bool is_there = std::filesystem::exists(path);
    return Error{
        ErrorKind::kInvalidInput,
        fmt::format("\"{}\" {}", path, is_there ? "may not be read" : "does not exist"), "input"
    };
}

void say_total(const Context& context, std::size_t done, std::size_t failed) {
    Display display(context.globals);
    if (context.globals.is_quiet) return;
    if (display.is_for_people()) {
        const auto more = failed > 0 ? fmt::format("; {} failed", failed) : "";
        const auto all = context.globals.inputs.size();
        std::fputs(fmt::format("ittybit: {} of {} done{}\n", done, all, more).c_str(), stderr);
    } else {
        display.print(json::object{
            {"object", "total"},
            {"inputs", context.globals.inputs.size()},
            {"succeeded", done},
            {"failed", failed},
        });
    }
}

}  // namespace

std::vector<std::string> expanded(const std::vector<std::string>& inputs) {
    std::vector<std::string> all;
    for (const auto& input : inputs) {
        auto found = is_glob(input) ? matches(input) : std::vector<std::string>();
        if (found.empty()) found.push_back(input);
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

void make_folder(const std::string& output) {
    std::error_code code;  // what is wrong is said where a target is chosen in it
    const bool is_known = !is_url(output) && output.find('{') == std::string::npos;
    if (is_known && output.ends_with('/'))
        std::filesystem::create_directories(work::path_of(output), code);
}

Result<> check_many(const std::vector<std::string>& inputs, const std::string& output) {
    const bool is_free = has_room_for_all(output);
    const bool is_named = !is_web(output) && output.find("{filename}") != std::string::npos;
    if (!is_named && !is_free) {
        return Error{
            ErrorKind::kInvalidOutput,
            "several inputs need several outputs: give -o FOLDER/ of this machine, or a name with "
            "{filename} here or in a bucket",
            "output"
        };
    }
    std::map<std::string, std::string> stems;
    for (const auto& input : inputs) {
        TRY(check_readable(input));
        const auto [known, is_new] = stems.emplace(stem_in(output, input), input);
        if (is_new || is_free) continue;
        return Error{
            ErrorKind::kInvalidOutput,
            fmt::format(
                "\"{}\" and \"{}\" would have the same output: give {} instead", known->second,
                input, is_url(output) ? "a name with {id}" : "-o FOLDER/"
            ),
            "output"
        };
    }
    return {};
}

int run_each(
    Context& context,
    const std::vector<std::string>& outputs,
    const std::function<int(Context&)>& run
) {
    auto& globals = context.globals;
    globals.inputs = expanded(globals.inputs);
    if (!globals.inputs.empty()) globals.input = globals.inputs.front();
    if (globals.inputs.size() <= 1) return run(context);
    for (const auto& output : outputs) {
        const auto checked = check_many(globals.inputs, output);
        if (!checked) return Display(globals).finish(checked.error());
    }
    std::ranges::for_each(outputs, make_folder);
    int status = 0;
    std::size_t done = 0;
    std::size_t failed = 0;
    for (const auto& input : globals.inputs) {
        globals.input = input;
        globals.turn = fmt::format("{}/{}", done + failed + 1, globals.inputs.size());
        const int now = run(context);
        ++(now == 0 ? done : failed);
        if (status == 0) status = now;
        if (context.interrupt.token().stop_requested()) return exit_status(Fault::kCancelled);
    }
    globals.turn.clear();
    say_total(context, done, failed);
    return status;
}

}  // namespace ittybit::cli
