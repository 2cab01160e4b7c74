#include "app/settings.h"

#include <algorithm>
#include <cstdlib>
#include <regex>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/toml.h"
#include "base/fields_json.h"
#include "base/text.h"
#include "base/unwrapped.h"

namespace ittybit::app {
namespace {

constexpr std::string_view kLimit = "limit_";

std::string flag_of(std::string name) {
    std::ranges::replace(name, '_', '-');
    return "--" + name;
}

std::string variable_of(const std::string& name) {
    std::string variable = "ITTYBIT_" + name;
    for (auto& letter : variable) {
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    return variable;
}

/// What a word means where a value of this type is expected; what it cannot mean the reader tells.
template <typename Value>
json::value typed(const std::string& word) {
    if constexpr (std::is_same_v<Value, bool>) {
        if (word == "true" || word == "1") return true;
        if (word == "false" || word == "0") return false;
    } else if constexpr (std::is_arithmetic_v<Value>) {
        if (const auto value = parse_json(word); value && value->is_number()) return *value;
    } else if constexpr (kIsList<Value>) {
        json::array items;
        for (const auto& piece : split(word, ',')) items.push_back(json::string(piece));
        return items;
    }
    return json::value(word);
}

/// What a value looks like in the help: "debug|info", from which a shell also completes.
template <typename Value>
std::string looks() {
    if constexpr (Named<Value>) {
        std::string words;
        for (const auto& row : names(Value{})) {
            words += (words.empty() ? "" : "|") + std::string(row.name);
        }
        return words;
    } else {
        return std::is_arithmetic_v<Value> ? "N" : "VALUE";
    }
}

template <typename Value>
void add_flag(CLI::App& app, json::object& flags, const std::string& name, std::string help) {
    if constexpr (std::is_same_v<Value, bool>) {
        // --x=false counts below zero.
        const auto write = [&flags, name](std::int64_t count) { flags[name] = count > 0; };
        app.add_flag_function(flag_of(name), write, help);
    } else if constexpr (kIsList<Value>) {
        const auto write = [&flags, name](const std::vector<std::string>& words) {
            flags[name] = to_json(words);
        };
        app.add_option_function<std::vector<std::string>>(flag_of(name), write, help)
            ->type_name("VALUE");
    } else {
        const auto write = [&flags, name](const std::string& word) {
            flags[name] = typed<Unwrapped<Value>>(word);
        };
        app.add_option_function<std::string>(flag_of(name), write, help)
            ->type_name(looks<Unwrapped<Value>>());
    }
}

json::object environment_settings() {
    json::object document;
    for_each_setting([&](const std::string& name, const auto& /*field*/, const auto& preset) {
        const char* word = std::getenv(variable_of(name).c_str());
        if (word == nullptr || *word == 0) return;
        document[name] = typed<Unwrapped<std::decay_t<decltype(preset)>>>(word);
    });
    return document;
}

/// What was not said yet.
template <typename PlaceOf>
void add(Said& said, const json::object& document, const PlaceOf& place_of) {
    for (const auto& member : document) {
        const std::string name(member.key());
        if (!said.places.try_emplace(name, place_of(name)).second) continue;
        said.values[name] = member.value();
    }
}

/// The setting that a problem is about, from the reader's path: `limit.pixels`, `allow_host.0`.
std::string name_of_path(std::string where) {
    if (where.starts_with("limit.")) where.replace(0, kLimit.size(), kLimit);
    return where.substr(0, where.find('.'));
}

json::object flat_json(const Settings& settings) {
    auto document = to_json(settings).get_object();
    const auto limits = to_json(settings.limits);
    for (const auto& member : limits.get_object()) {
        document[fmt::format("{}{}", kLimit, std::string_view(member.key()))] = member.value();
    }
    return document;
}

}  // namespace

std::string without_password(const std::string& text) {
    static const std::regex kUser("(://[^:/?@]*:)[^/?]*@");
    static const std::regex kParameter("(password=)[^&]*");
    return std::regex_replace(std::regex_replace(text, kUser, "$1***@"), kParameter, "$1***");
}

Result<ListenAddress> ListenAddress::from_json(const json::value& value) {
    const std::string text(value.is_string() ? std::string_view(value.get_string()) : "");
    const auto colon = text.rfind(':');
    ListenAddress address;
    if (colon != std::string::npos) {
        address.host = text.substr(0, colon);
        address.port = whole_number<int>(text.substr(colon + 1)).value_or(-1);
        const bool is_port = address.port >= 0 && address.port <= 65535;
        if (address.host.starts_with('[') && address.host.ends_with(']')) {
            address.host = address.host.substr(1, address.host.size() - 2);
        }
        if (is_port && !address.host.empty()) return address;
    }
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("must be ADDRESS:PORT, not {}", compact_json(value)), ""
    };
}

std::string ListenAddress::text() const {
    const bool is_six = host.find(':') != std::string::npos;
    return is_six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

void add_config_flag(CLI::App& app, std::string& config) {
    app.add_option(
           "--config", config, "A file of settings (TOML); flags and variables go before it."
    )
        ->envname("ITTYBIT_CONFIG")
        ->type_name("FILE");
}

void add_setting_flags(
    CLI::App& app, json::object& flags, const std::function<bool(std::string_view)>& is_wanted
) {
    const auto document = flat_json({});
    for_each_setting([&](const std::string& name, const auto& field, const auto& preset) {
        if (!is_wanted(name)) return;
        const auto& value = document.at(name);
        const bool is_told =
            value.is_number() || (value.is_string() && !value.get_string().empty());
        const auto more = is_told ? fmt::format(" (default {})", toml_text(value)) : "";
        add_flag<std::decay_t<decltype(preset)>>(app, flags, name, std::string(field.help) + more);
    });
}

Result<Said> gather_settings(const json::object& flags, const std::string& config) {
    Said said;
    add(said, flags, flag_of);
    add(said, environment_settings(), variable_of);
    if (config.empty()) return said;
    add(said, TRY(read_toml(config)),
        [&config](const std::string& name) { return fmt::format("{} in {}", name, config); });
    return said;
}

Result<Settings> read_settings(const Said& said) {
    json::object common;
    json::object limits;
    for (const auto& member : said.values) {
        const std::string_view name = member.key();
        const bool is_limit = name.starts_with(kLimit);
        (is_limit ? limits : common)[is_limit ? name.substr(kLimit.size()) : name] = member.value();
    }
    Settings settings;
    Reader reader;
    reader.read(common, settings);
    reader.read(limits, settings.limits, "limit");
    std::vector<std::string> wrong;
    for (const auto& problem : reader.problems()) {
        const auto place = said.places.find(name_of_path(problem.where));
        const auto& what = place != said.places.end() ? place->second : problem.where;
        wrong.push_back(what + problem.message.substr(problem.where.size()));
    }
    if (wrong.empty()) return settings;
    return Error{ErrorKind::kInvalidRequest, join(wrong, "; "), ""};
}

std::vector<std::string> differences(const Settings& one, const Settings& other) {
    const auto before = flat_json(one);
    std::vector<std::string> names;
    for (const auto& member : flat_json(other)) {
        if (before.at(member.key()) != member.value()) names.emplace_back(member.key());
    }
    return names;
}

std::string settings_text(
    const Settings& settings,
    const Said& said,
    const std::function<bool(std::string_view)>& is_wanted
) {
    std::string text;
    for (const auto& member : flat_json(settings)) {
        const std::string name(member.key());
        if (!is_wanted(name)) continue;
        const auto place = said.places.find(name);
        const bool is_said = place != said.places.end();
        const auto value =
            member.value().is_string()
                ? json::value(without_password(std::string(member.value().get_string())))
                : member.value();
        text += value.is_null() ? fmt::format("# {} =", name)
                                : fmt::format("{} = {}", name, toml_text(value));
        text += is_said ? fmt::format("  # by {}\n", place->second) : "\n";
    }
    return text;
}

}  // namespace ittybit::app
