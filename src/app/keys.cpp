#include "app/keys.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fields_json.h"
#include "base/log.h"
#include "cli/option_flags.h"
#include "model/error_kinds.h"
#include "store/api_key.h"

namespace ittybit::app {
namespace {

struct KeysWords {
    json::object flags;
    std::string config;
    std::string action = "list";
    std::string name;
    json::object wanted;  // a KeyRequest, which the API's reader judges
};

/// A new key as it was typed.
Result<store::NewKey> make_key(const KeysWords& words, UnixMillis now) {
    auto document = words.wanted;
    if (!words.name.empty()) document["name"] = words.name;
    document.emplace("name", "unnamed");
    KeyRequest request;
    Reader reader;
    reader.read(document, request);
    if (reader.problems().empty()) return store::make_key(request, now);
    const auto& problem = reader.problems().front();
    return Error{ErrorKind::kInvalidRequest, problem.message, problem.where};
}

/// "2026-11-29", or a word where there is no time.
std::string day_of(const std::optional<UnixMillis>& time, std::string_view otherwise) {
    if (!time) return std::string(otherwise);
    return fmt::format("{:%Y-%m-%d}", fmt::localtime(static_cast<std::time_t>(*time / 1000)));
}

void print_key(const store::KeyRecord& key, UnixMillis now) {
    const auto end = key.is_expired(now) ? "expired" : day_of(key.expires_at, "never ends");
    std::cout << fmt::format(
        "{}  {}…  {:<6}  {:<10}  {:<10}  {}\n", key.id, key.hint, name_of(key.scope), end,
        day_of(key.last_used_at, "not used"), key.name
    );
}

/// Of one that is told by its id, its name or its start, where no other has the same.
Result<> revoke(store::KeyTable& keys, const std::string& word) {
    auto found = TRY(keys.list());
    std::erase_if(found, [&](const store::KeyRecord& key) {
        return key.id != word && key.name != word && key.hint != word;
    });
    if (found.size() > 1) {
        return Error{
            ErrorKind::kInvalidRequest,
            fmt::format("{} keys are called {}: give the id of one (see list)", found.size(), word),
            ""
        };
    }
    if (!found.empty() && TRY(keys.revoke(found.front().id))) return {};
    return Error{ErrorKind::kInvalidRequest, fmt::format("there is no key {}", word), ""};
}

Result<> run_keys(const KeysWords& words) {
    const auto said = TRY(gather_settings(words.flags, words.config));
    const auto settings = completed(TRY(read_settings(said)));
    TRY(check(settings));
    const auto& data = settings.data;
    const bool is_sqlite = settings.database.empty();
    if (is_sqlite && words.action != "create" && !std::filesystem::exists(data + "/ittybit.db")) {
        return Error{
            ErrorKind::kInvalidRequest,
            fmt::format("there is no server's database in {}: see --data", data), "data"
        };
    }
    auto database = TRY(open_database(settings));
    store::KeyTable keys(*database);
    if (words.action == "create") {
        const auto key = TRY(make_key(words, database->clock().now()));
        TRY(keys.add(key.record));
        std::cout << key.text << std::endl;
        if (std::cout) return {};
        TRY(keys.revoke(key.record.id));
        return Error{
            ErrorKind::kDiskFull, "the key could not be printed, and is revoked again", ""
        };
    }
    if (words.action == "revoke") {
        return revoke(keys, words.name);
    }
    for (const auto& key : TRY(keys.list())) print_key(key, database->clock().now());
    return {};
}

}  // namespace

cli::Action declare_keys(CLI::App& app) {
    auto words = std::make_shared<KeysWords>();
    app.add_option("action", words->action, "create, list or revoke")
        ->check(CLI::IsMember({"create", "list", "revoke"}));
    app.add_option("key", words->name, "");  // not "name": CLI11 2.4 takes that for --name
    app.add_option("--name", words->name, "The name of a new key.")->type_name("NAME");
    const auto add = [&](const std::string& flag, const char* member, const char* help) {
        return app.add_option_function<std::string>(
            flag,
            [words, member](const std::string& word) {
                words->wanted[member] = cli::typed_word(word);
            },
            help
        );
    };
    app.add_option_function<std::vector<std::string>>(
           "--scope",
           [words](const std::vector<std::string>& scopes) {
               words->wanted["scopes"] = json::value_from(scopes);
           },
           "What a new key may do; everything by default. create includes read, admin both."
    )
        ->delimiter(',')
        ->type_name("read|create|admin");
    add("--expires", "expires_in", "When a new key ends.")->type_name("30d|12h|45m|90s");
    add("--rate-limit", "rate_limit", "Its requests a minute.")->type_name("N");
    add("--max-running", "max_running", "Its jobs that are worked on at once.")->type_name("N");
    add_config_flag(app, words->config);
    add_setting_flags(app, words->flags, [](std::string_view name) {
        return name == "data" || name == "database";
    });
    return [words](cli::Context&) {
        const auto done = run_keys(*words);
        return done ? 0 : complain(done.error());
    };
}

int complain(const Error& error) {
    std::cerr << "ittybit: " << error.message << "\n";
    return exit_status(error_row(error.kind).fault);
}

// A new key is told once, to whoever sits there: a log would keep it.
Result<> make_first_key(Engine& engine) {
    const auto known = TRY(engine.keys->list());
    if (std::ranges::any_of(known, &store::KeyRecord::is_lasting)) return {};
    const auto key = store::make_key("first", engine.clock().now());
    const auto file = engine.data + "/first-key";
    const char* given = std::getenv("ITTYBIT_API_KEY");
    const bool is_given = given != nullptr && *given != 0;
    const auto text = is_given ? given : TRY(keep_secret(file, [&] { return key.text; }));
    auto record = key.record;
    record.hash = store::hash_of_key(text);
    record.hint = text.substr(0, std::min(record.hint.size(), text.size() / 2));
    TRY(engine.keys->add(record));
    if (is_given) {
        log::info("ITTYBIT_API_KEY is the first API key");
    } else if (::isatty(STDOUT_FILENO) == 1) {
        std::cout << "API key (also in " << file << "): " << text << "\n" << std::flush;
    } else {
        std::cout << "the first API key is in " << file << "\n" << std::flush;
    }
    return {};
}

}  // namespace ittybit::app
