#include "app/keys.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "model/error_kinds.h"
#include "store/api_key.h"

namespace ittybit::app {
namespace {

struct KeysWords {
    json::object flags;
    std::string config;
    std::string action = "list";
    std::string name;
};

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
        const auto key =
            store::make_key(words.name.empty() ? "unnamed" : words.name, database->clock().now());
        TRY(keys.add(key.record));
        std::cout << key.text << "\n";
        return {};
    }
    if (words.action == "revoke") {
        return revoke(keys, words.name);
    }
    for (const auto& key : TRY(keys.list())) {
        std::cout << fmt::format("{}  {}…  {}\n", key.id, key.hint, key.name);
    }
    return {};
}

}  // namespace

cli::Action declare_keys(CLI::App& app) {
    auto words = std::make_shared<KeysWords>();
    app.add_option("action", words->action, "create, list or revoke")
        ->check(CLI::IsMember({"create", "list", "revoke"}));
    app.add_option("name", words->name, "A name for a new key; id, name or start of one to revoke");
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
    if (!TRY(engine.keys->list()).empty()) return {};
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
        std::cout << "API key (also in " << file << "): " << text << std::endl;
    } else {
        std::cout << "the first API key is in " << file << std::endl;
    }
    return {};
}

}  // namespace ittybit::app
