#include "app/service_commands.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "app/engine.h"
#include "app/keys.h"
#include "app/migrate.h"
#include "app/serve.h"

namespace ittybit::app {
namespace {

/// What is typed behind serve or worker.
struct Words {
    json::object flags;
    std::string config;
    bool is_checking = false;
    bool rotates_secret_key = false;
};

/// A typed --debug is heeded whatever the settings say.
Result<Settings> settings_of(const Words& words, bool is_debugging) {
    const auto said = TRY(gather_settings(words.flags, words.config));
    auto settings = completed(TRY(read_settings(said)));
    TRY(check(settings));
    if (is_debugging) settings.log_level = log::Level::kDebug;
    return settings;
}

/// Whether serve, or a worker, has a use for it.
bool is_heeded(std::string_view name, bool is_server) {
    return is_server || std::ranges::find(kOfServeAlone, name) == kOfServeAlone.end();
}

/// Prints what would be in force. A worker listens where its flag says.
Result<> show_settings(const Words& words, bool is_debugging, bool is_server) {
    const auto settings = TRY(settings_of(words, is_debugging));
    const auto said = TRY(gather_settings(words.flags, words.config));
    const auto text = settings_text(settings, said, [&](std::string_view name) {
        return is_heeded(name, is_server) || words.flags.contains(name);
    });
    std::fputs(text.c_str(), stdout);
    return {};
}

Result<> run(const Words& words, cli::Context& context, bool is_server) {
    const bool is_debugging = context.globals.is_debugging;
    if (words.is_checking) return show_settings(words, is_debugging, is_server);
    context.interrupt.keep_hang_ups();
    const Start start{
        TRY(settings_of(words, is_debugging)),
        [&words, is_debugging] { return settings_of(words, is_debugging); }, context.interrupt
    };
    log::configure(start.settings.log_level, start.settings.log_format);
    return is_server ? serve(start, words.rotates_secret_key)
                     : run_worker(start, words.flags.contains("listen"));
}

cli::Action declare(CLI::App& app, bool is_server) {
    const auto words = std::make_shared<Words>();
    add_config_flag(app, words->config);
    app.add_flag("--check", words->is_checking, "Print the settings as they are said, and end.");
    add_setting_flags(app, words->flags, [is_server](std::string_view name) {
        return is_heeded(name, is_server);
    });
    if (is_server) {
        app.add_flag(
            "--rotate-secret-key", words->rotates_secret_key,
            "Seal stored secrets with a new key and forget the old one."
        );
    } else {
        app.add_option_function<std::string>(
               "--listen",
               [words](const std::string& address) { words->flags["listen"] = address; },
               "Answer /health, /ready and /metrics there, with keys as the server does."
        )
            ->type_name("ADDRESS:PORT");
    }
    return [words, is_server](cli::Context& context) {
        const auto done = run(*words, context, is_server);
        return done ? 0 : complain(done.error());
    };
}

}  // namespace

std::vector<cli::Command> service_commands() {
    return {
        {"serve",
         "Run the server, with workers inside",
         [](CLI::App& app) { return declare(app, true); },
         cli::Takes::kFormOnly,
         {},
         {"ittybit serve --listen 0.0.0.0:8080 --public-url https://media.example",
          "ittybit serve --config /etc/ittybit/ittybit.toml --check"}},
        {"worker",
         "Run more workers on the same data",
         [](CLI::App& app) { return declare(app, false); },
         cli::Takes::kFormOnly,
         {},
         {"ittybit worker --concurrency 4 --listen 0.0.0.0:9090"}},
        {"migrate",
         "Move an installation from SQLite to PostgreSQL",
         declare_migrate,
         cli::Takes::kFormOnly,
         {},
         {"ittybit migrate --to postgres://ittybit@db/ittybit --storage s3://media/ittybit"}},
        {"keys",
         "Create, list or revoke API keys",
         declare_keys,
         cli::Takes::kFormOnly,
         {{"create NAME", "A new key, shown only now."},
          {"list", "All, without the keys themselves: scope, end, last use, name."},
          {"revoke KEY", "End one, by id, name or the start of one."}},
         {"ittybit keys create --name shop --scope create --expires 30d --max-running 2"}},
    };
}

}  // namespace ittybit::app
