#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/client.h"
#include "cli/connections_file.h"
#include "cli/display.h"
#include "cli/remote_commands.h"
#include "work/local_s3.h"
#include "work/places.h"
#include "work/try_connection.h"

namespace ittybit::cli {
namespace {

/// What was typed behind `connections`; empty fields are not sent.
struct ConnectionWords {
    std::vector<std::string> words;
    std::vector<std::pair<std::string, std::shared_ptr<std::string>>> fields;
    std::string bucket;
    bool is_default = false;
    bool has_path_style = false;

    bool is(std::string_view verb, std::size_t count) const {
        return words.size() == count && words.front() == verb;
    }
};

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// Secrets need not be typed where others see them: the environment gives what no flag does, and a
/// terminal is asked for what is missing then.
Result<> complete_secrets(const ConnectionWords& typed, const std::stop_token& stop) {
    const auto field = [&](std::string_view name) -> std::string& {
        return *std::ranges::find(typed.fields, name, [](const auto& row) {
                    return row.first;
                })->second;
    };
    if (field("access_key_id").empty()) {
        field("access_key_id") = environment("AWS_ACCESS_KEY_ID");
        if (field("session_token").empty()) {
            field("session_token") = environment("AWS_SESSION_TOKEN");
        }
    }
    auto& secret = field("secret_access_key");
    if (secret.empty()) secret = environment("AWS_SECRET_ACCESS_KEY");
    const bool is_asked = secret == "-" || (secret.empty() && ::isatty(STDIN_FILENO) == 1);
    if (is_asked) secret = TRY(ask_secret("Secret access key", stop));
    return {};
}

Error wrong_words() {
    return {
        ErrorKind::kInvalidRequest,
        "connections knows list, add s3 --name …, test NAME [--bucket B] and delete NAME", ""
    };
}

json::object body_of(const ConnectionWords& typed) {
    json::object body{{"kind", "s3"}};
    for (const auto& [name, value] : typed.fields) {
        if (!value->empty()) body[name] = *value;
    }
    if (typed.is_default) body["is_default"] = true;
    if (typed.has_path_style) body["path_style"] = true;
    return body;
}

int show(Display& display, const json::value& tested) {
    if (!display.is_for_people()) display.print(tested);
    const auto* is_ok = tested.as_object().if_contains("ok");
    if (is_ok != nullptr && is_ok->is_bool() && is_ok->get_bool()) {
        if (display.is_for_people()) display.print_text(string_at(tested, "message") + "\n");
        return 0;
    }
    std::fputs(fmt::format("ittybit: {}\n", string_at(tested, "message")).c_str(), stderr);
    const bool is_out_of_reach = string_at(tested, "kind") == name_of(ErrorKind::kUnavailable);
    return is_out_of_reach ? exit_status_of({ErrorKind::kUnavailable, "", ""}) : 1;
}

Result<int> there(
    ApiClient& api, Display& display, const ConnectionWords& typed, const std::stop_token& stop
) {
    if (typed.words.empty() || typed.is("list", 1)) {
        display.print(TRY(api.call("GET", "/connections?limit=100", nullptr, stop)));
    } else if (typed.is("add", 2) && typed.words[1] == "s3") {
        display.print(TRY(api.call("POST", "/connections", body_of(typed), stop)));
    } else if (typed.is("test", 2)) {
        json::object body;
        if (!typed.bucket.empty()) body["bucket"] = typed.bucket;
        const auto path = fmt::format("/connections/{}/test", typed.words[1]);
        return show(display, TRY(api.call("POST", path, body, stop)));
    } else if (typed.is("delete", 2)) {
        TRY(api.call("DELETE", "/connections/" + typed.words[1], nullptr, stop));
    } else {
        return wrong_words();
    }
    return 0;
}

json::object shown(const ConnectionRequest& connection) {
    json::object out{{"object", "connection"}, {"kind", "s3"}, {"name", connection.name}};
    for (const auto& member : settings_of(connection)) out[member.key()] = member.value();
    out["is_default"] = connection.is_default;
    return out;
}

Result<int> add_here(Display& display, ConnectionsFile& file, const ConnectionWords& typed) {
    ConnectionRequest wanted;
    Reader reader;
    reader.read(body_of(typed), wanted);
    auto problems = reader.problems();
    if (problems.empty()) problems = check(wanted);
    if (!problems.empty()) {
        return Error{ErrorKind::kInvalidRequest, problems.front().message, problems.front().where};
    }
    TRY(file.add(wanted));
    display.print(shown(wanted));
    return 0;
}

Result<int> here(Display& display, const ConnectionWords& typed, const std::stop_token& stop) {
    auto file = TRY(ConnectionsFile::read());
    if (typed.words.empty() || typed.is("list", 1)) {
        json::array all;
        for (const auto& connection : file.all()) all.push_back(shown(connection));
        display.print(all);
    } else if (typed.is("add", 2) && typed.words[1] == "s3") {
        return add_here(display, file, typed);
    } else if (typed.is("test", 2)) {
        const auto environment = storage::process_environment();
        work::LocalS3 s3(
            TRY(choose_account(typed.words[1], environment)),
            environment("AWS_CA_BUNDLE").value_or("")
        );
        return show(display, work::try_connection(s3.client, s3.account, typed.bucket, stop));
    } else if (typed.is("delete", 2)) {
        TRY(file.remove(typed.words[1]));
    } else {
        return wrong_words();
    }
    return 0;
}

int run(Context& context, const ConnectionWords& typed) {
    const auto stop = context.interrupt.token();
    Display display(context.globals);
    if (typed.is("add", 2)) {
        if (const auto done = complete_secrets(typed, stop); !done)
            return display.finish(done.error());
    }
    if (!context.globals.is_local) {
        const auto server = find_server();
        if (!server) return display.finish(server.error());
        if (*server) {
            return with_server(context, [&](ApiClient& api, Display& shown) {
                return there(api, shown, typed, stop);
            });
        }
    }
    const auto status = here(display, typed, stop);
    return status ? *status : display.finish(status.error());
}

Action declare(CLI::App& app) {
    const auto typed = std::make_shared<ConnectionWords>();
    app.add_option("words", typed->words, "");
    for (const std::string name :
         {"name", "endpoint", "region", "access_key_id", "secret_access_key", "session_token"}) {
        auto value = std::make_shared<std::string>();
        std::string flag = "--" + name;
        std::ranges::replace(flag, '_', '-');
        const bool is_secret = name == "secret_access_key";
        app.add_option(
               flag, *value,
               is_secret ? "With add; better from $AWS_SECRET_ACCESS_KEY, or - for standard input. "
                           "A terminal is asked for it."
                         : "With add."
        )
            ->type_name("VALUE");
        typed->fields.emplace_back(name, std::move(value));
    }
    app.add_flag("--default", typed->is_default, "With add: used where a job names none.");
    app.add_flag(
        "--path-style", typed->has_path_style,
        "With add: the bucket is in the path, not in the host's name."
    );
    app.add_option("--bucket", typed->bucket, "With test: where to write, read and delete.")
        ->type_name("NAME");
    return [typed](Context& context) { return run(context, *typed); };
}

}  // namespace

Command connections_command() {
    return {
        "connections",
        "Storage connections: list, add, test, delete.",
        declare,
        Takes::kServer,
        {{"list", "All, without secrets."},
         {"add s3", "A new one; needs --name. Without --endpoint it is AWS'."},
         {"test NAME", "Whether it works."},
         {"delete NAME", "Remove it."}},
        {"ittybit connections add s3 --name films --endpoint https://s3.example.com",
         "ittybit connections test films --bucket raw"}
    };
}

}  // namespace ittybit::cli
