#include "cli/remote_commands.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/client.h"
#include "cli/display.h"
#include "cli/files_command.h"
#include "cli/jobs_command.h"

namespace ittybit::cli {
namespace {

Action declare_login(CLI::App& app) {
    const auto server = std::make_shared<ServerAccess>();
    server->url = "http://127.0.0.1:8080";
    app.add_option("--url", server->url, "The server.")->type_name("URL")->capture_default_str();
    app.add_option("--key", server->key, "An API key; asked for when absent.")->type_name("KEY");
    return [server](Context& context) {
        Display display(context.globals);
        if (server->key.empty()) {
            auto typed = ask_secret("API key", context.interrupt.token());
            if (!typed) return display.finish(typed.error());
            server->key = *std::move(typed);
        }
        while (server->url.ends_with('/')) server->url.pop_back();
        ApiClient api(*server);
        const auto known = api.call("GET", "/jobs?limit=1", nullptr, context.interrupt.token());
        if (!known) {
            display.finish(known.error());
            return exit_status_of(known.error());
        }
        const auto saved = save_server(*server);
        if (!saved) return display.finish(saved.error());
        display.note(fmt::format("jobs go to {} from now on; --local keeps one here", server->url));
        return 0;
    };
}

}  // namespace

int with_server(Context& context, const ServerAction& action) {
    Display display(context.globals);
    const auto found = find_server();
    const auto fail = [&](const Error& error) {
        display.finish(error);
        return exit_status_of(error);
    };
    if (!found) return display.finish(found.error());
    const auto& server = *found;
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
        jobs_command(),
        files_command(),
        {"login", "Keep a server's address and key for later.", declare_login},
    };
}

}  // namespace ittybit::cli
