#include "cli/remote_commands.h"

#include <iostream>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/client.h"
#include "cli/display.h"
#include "cli/remote_run.h"

namespace ittybit::cli {
namespace {

void show_line(const json::value& job) {
    const auto* created = job.as_object().if_contains("created_at");
    const auto seconds = created != nullptr ? created->to_number<std::int64_t>() / 1000 : 0;
    fmt::print(
        "{}  {:%Y-%m-%d %H:%M}  {:<10}  {:<14}  {}\n", string_at(job, "id"),
        fmt::localtime(static_cast<std::time_t>(seconds)), string_at(job, "status"),
        string_at(job, "kind"), string_at(job, "input")
    );
}

Result<int> list_jobs(ApiClient& api, Display& display, const std::stop_token& stop) {
    const auto jobs = TRY(api.call("GET", "/jobs?limit=10", nullptr, stop));
    if (!display.is_for_people()) {
        display.print(jobs);
    } else if (jobs.is_array()) {
        for (const auto& job : jobs.get_array()) show_line(job);
    }
    return 0;
}

struct JobsWords {
    std::vector<std::string> words;
    std::string body;
};

Result<int> create_job(
    ApiClient& api, Display& display, const JobsWords& typed, const std::stop_token& stop
) {
    std::string text = typed.body;
    if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
    const auto body = TRY(parse_json(text));
    display.print(TRY(api.call("POST", "/jobs", body, stop)));
    return 0;
}

Result<int> on_jobs(
    ApiClient& api, Display& display, const JobsWords& typed, const std::stop_token& stop
) {
    const auto& words = typed.words;
    if (words.empty()) return list_jobs(api, display, stop);
    const auto& verb = words.front();
    if (verb == "create") return create_job(api, display, typed, stop);
    if (words.size() == 1) {
        display.print(TRY(api.call("GET", "/jobs/" + verb, nullptr, stop)));
        return 0;
    }
    const auto& id = words[1];
    if (verb == "watch") return display.finish(TRY(follow_to_end(api, id, display, stop)));
    if (verb == "cancel" || verb == "retry") {
        const auto path = fmt::format("/jobs/{}/{}", id, verb);
        display.print(TRY(api.call("POST", path, nullptr, stop)));
        return 0;
    }
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("jobs {} is nothing: it is create, cancel, retry, watch or an id", verb), ""
    };
}

Action declare_jobs(CLI::App& app) {
    const auto typed = std::make_shared<JobsWords>();
    app.add_option("words", typed->words, "ID, create, cancel ID, retry ID or watch ID");
    app.add_option("--body", typed->body, "With create: the request as JSON, - for standard input");
    return [typed](Context& context) {
        return with_server(context, [&](ApiClient& api, Display& display) {
            return on_jobs(api, display, *typed, context.interrupt.token());
        });
    };
}

Action declare_login(CLI::App& app) {
    const auto server = std::make_shared<ServerAccess>();
    server->url = "http://127.0.0.1:8080";
    app.add_option("--url", server->url, "The server")->capture_default_str();
    app.add_option("--key", server->key, "An API key; asked for when absent");
    return [server](Context& context) {
        Display display(context.globals);
        if (server->key.empty()) {
            fmt::print(stderr, "API key: ");
            std::getline(std::cin, server->key);
        }
        while (server->url.ends_with('/')) server->url.pop_back();
        ApiClient api(*server);
        const auto known = api.call("GET", "/jobs?limit=1", nullptr, context.interrupt.token());
        if (!known) {
            display.finish(known.error());
            return exit_status_of(known.error());
        }
        const auto saved = save_server(*server);
        return saved ? 0 : display.finish(saved.error());
    };
}

}  // namespace

int with_server(Context& context, const ServerAction& action) {
    Display display(context.globals);
    const auto server = find_server();
    const auto fail = [&](const Error& error) {
        display.finish(error);
        return exit_status_of(error);
    };
    if (!server) {
        return fail(
            {ErrorKind::kTokenMissing,
             "no server is configured: run ittybit login, or set ITTYBIT_API_KEY", ""}
        );
    }
    ApiClient api(*server);
    const auto status = action(api, display);
    return status ? *status : fail(status.error());
}

std::vector<Command> remote_commands() {
    return {
        {"jobs", "The server's jobs: list, show, create, cancel, retry, watch.", declare_jobs},
        {"login", "Keeps a server's address and key for later.", declare_login},
    };
}

}  // namespace ittybit::cli
