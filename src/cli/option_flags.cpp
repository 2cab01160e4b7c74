#include "cli/option_flags.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <type_traits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/fields.h"
#include "base/text.h"
#include "base/unwrapped.h"
#include "model/operation.h"

namespace ittybit::cli {
namespace {

/// What a value looks like: "mp4|webm|mov", from which a shell also completes.
template <typename Value>
std::string looks() {
    if constexpr (kIsList<Value>) {
        return looks<typename Value::value_type>() + ",…";
    } else if constexpr (Named<Value>) {
        std::string words;
        for (const auto& row : names(Value{})) {
            if (row.help.empty()) continue;  // another spelling
            words += (words.empty() ? "" : "|") + std::string(row.name);
        }
        return words;
    } else if constexpr (std::is_arithmetic_v<Value>) {
        return "N";
    } else {
        return "VALUE";
    }
}

constexpr bool is_time(std::string_view name) {
    return name == "start" || name == "end" || name == "interval";
}

/// Several words in one: a JSON list, one JSON object, or words with commas between.
json::value typed_list(const std::string& word) {
    if (auto value = parse_json(word); value && value->is_array()) return *std::move(value);
    if (auto value = parse_json(word); value && value->is_object())
        return json::array{*std::move(value)};
    json::array all;
    for (const auto& piece : split(word, ',')) all.push_back(typed_word(piece));
    return all;
}

template <typename Value>
json::value typed(std::string_view name, const std::string& word) {
    if constexpr (kIsList<Value>) return typed_list(word);
    if constexpr (Named<Value>) return json::value(word);
    if constexpr (Described<Value>) {
        if (auto value = parse_json(word); value && value->is_object()) return *std::move(value);
    }
    return is_time(name) ? typed_time(word) : typed_word(word);
}

std::string flag_of(std::string_view name) {
    std::string flag = "--" + std::string(name);
    std::ranges::replace(flag, '_', '-');
    return flag;
}

/// What is on by default has a flag that turns it off: `--no-dash`.
void add_switch(
    CLI::App& app,
    const std::string& name,
    const std::string& help,
    bool is_on,
    json::object& document
) {
    const auto flag = flag_of(name);
    const auto flags = is_on ? fmt::format("{},!{}", flag, flag_of("no-" + name)) : flag;
    const auto write = [&document, name](std::int64_t count) { document[name] = count > 0; };
    app.add_flag_function(flags, write, help);
}

template <typename Value>
void add_flag(
    CLI::App& app, const std::string& name, const std::string& help, json::object& document
) {
    const auto write = [&document, name](const std::string& word) {
        document[name] = typed<Value>(name, word);
    };
    const auto look = is_time(name) ? "TIME" : looks<Value>();
    app.add_option_function<std::string>(flag_of(name), write, help)->type_name(look);
}

template <typename T>
void add_flags_of(CLI::App& app, json::object& document) {
    for_each_field<T>([&](const auto& field) {
        using Member = std::decay_t<decltype(std::declval<T>().*field.member)>;
        const std::string name(field.name), help(field.help);
        if constexpr (std::is_same_v<Unwrapped<Member>, bool>) {
            constexpr bool kIsBoth = kIsOptional<Member>;  // on or off, by the other options
            add_switch(app, name, help, kIsBoth || T{}.*field.member == true, document);
        } else {
            add_flag<Unwrapped<Member>>(app, name, help, document);
        }
    });
}

template <std::size_t... Index>
void add_flags(
    CLI::App& app,
    std::string_view kind,
    json::object& document,
    std::index_sequence<Index...> /*alternatives*/
) {
    const auto add_one = [&]<typename T>(std::string_view name, std::type_identity<T>) {
        if (name == kind) add_flags_of<T>(app, document);
    };
    (add_one(kKinds[Index], std::type_identity<std::variant_alternative_t<Index, Operation>>()),
     ...);
}

}  // namespace

json::value typed_word(const std::string& word) {
    const auto value = parse_json(word);
    return value && value->is_number() ? *value : json::value(word);
}

json::value typed_time(const std::string& word) {
    const auto pieces = split(word, ':');
    if (pieces.size() < 2 || pieces.size() > 3) return typed_word(word);
    double seconds = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto& piece = pieces[i];
        const bool is_last = i + 1 == pieces.size();
        const auto known = std::string_view("0123456789.").substr(0, is_last ? 11 : 10);
        double number = 0;
        const auto [end, failure] =
            std::from_chars(piece.data(), piece.data() + piece.size(), number);
        const bool is_number = failure == std::errc() && end == piece.data() + piece.size() &&
                               piece.find_first_not_of(known) == std::string::npos;
        if (!is_number || (i > 0 && number >= 60))
            return json::value(word);  // the reader complains
        seconds = seconds * 60 + number;
    }
    return json::value(seconds);
}

void add_option_flags(CLI::App& app, std::string_view kind, json::object& document) {
    add_flags(app, kind, document, std::make_index_sequence<kKinds.size()>());
}

}  // namespace ittybit::cli
