#include "cli/files_command.h"

#include <ctime>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/presentable.h"
#include "cli/client.h"
#include "cli/display.h"
#include "cli/help.h"
#include "cli/lists.h"
#include "cli/remote_commands.h"
#include "work/managed.h"

namespace ittybit::cli {
namespace {

constexpr std::string_view kDefaultLimit = "10";

const std::vector<Verb> kVerbs = {
    {"list", "The newest files; also what files alone does."},
    {"delete ID…", "Remove it with all its parts; an address does too. What made it stays."},
};

/// What was typed behind `files`.
struct FilesWords {
    std::vector<std::string> words;
    Filters filters;
};

Result<int> list_files(
    ApiClient& api, Display& display, const Filters& filters, const std::stop_token& stop
) {
    const auto files = TRY(api.call("GET", list_path("/files", filters), nullptr, stop));
    if (!display.is_for_people() || !files.is_array()) {
        display.print(files);
        return 0;
    }
    const auto& all = files.get_array();
    display.print_text(file_table(all, columns_of(STDOUT_FILENO), std::time(nullptr)));
    if (fmt::format("{}", all.size()) == filters.at("limit")) {
        display.note(fmt::format("more: ittybit files list --after {}", string_at(all.back(), "id"))
        );
    }
    return 0;
}

Result<int> on_files(
    ApiClient& api, Display& display, const FilesWords& typed, const std::stop_token& stop
) {
    const auto& words = typed.words;
    if (words.empty() || (words[0] == "list" && words.size() == 1)) {
        return list_files(api, display, typed.filters, stop);
    }
    if (words[0] != "delete" || words.size() == 1) {
        return Error{
            ErrorKind::kInvalidRequest,
            fmt::format("files {} is nothing: it is one of list, delete ID…", words[0]), ""
        };
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto named = work::find_managed(words[i]);
        TRY(api.call("DELETE", "/files/" + (named ? named->id : words[i]), nullptr, stop));
    }
    return 0;
}

Action declare(CLI::App& app) {
    const auto typed = std::make_shared<FilesWords>();
    typed->filters["limit"] = kDefaultLimit;
    app.add_option("words", typed->words, "");
    const auto add_filter = [&](const std::string& name, const char* type, const char* help) {
        app.add_option("--" + name, typed->filters[name], help)->type_name(type);
    };
    add_filter("job", "ID", "With list: of this job or standalone task.");
    add_filter("role", "output|upload|import", "With list: of these alone.");
    add_filter("limit", "N", "With list: so many, at most 100; 10 by default.");
    add_filter("after", "ID", "With list: older than this file.");
    add_filter("before", "ID", "With list: newer than this file.");
    return [typed](Context& context) {
        return with_server(context, [&](ApiClient& api, Display& display) {
            return on_files(api, display, *typed, context.interrupt.token());
        });
    };
}

}  // namespace

std::string file_table(const json::array& files, int columns, std::int64_t now) {
    std::string text;
    for (const auto& file : files) {
        const auto line = fmt::format(
            "{:<32}  {:>6}  {:<6}  {:<6}  ", string_at(file, "id"), size_text(file),
            string_at(file, "role"), created_text(file, now)
        );
        const auto name = presentable(string_at(file, "name"));
        text += line + end_of(name, room_behind(line, columns)) + "\n";
    }
    return text;
}

Command files_command() {
    return {
        "files",
        "What the server stores: list it with sizes, delete it.",
        declare,
        Takes::kFormOnly,
        kVerbs,
        {"ittybit files list --role upload --limit 50",
         "ittybit files delete 0f8fad5bd9cb469fa16570867728950e"}
    };
}

}  // namespace ittybit::cli
