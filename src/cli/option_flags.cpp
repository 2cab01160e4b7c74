#include "cli/option_flags.h"

#include <algorithm>
#include <string>
#include <type_traits>

#include <CLI/CLI.hpp>

#include "base/fields.h"
#include "model/operation.h"

namespace ittybit::cli {
namespace {

template <typename T>
struct Plain {
    using Type = T;
};
template <typename T>
struct Plain<std::optional<T>> {
    using Type = T;
};

template <typename Value>
std::string choices() {
    if constexpr (Named<Value>) {
        std::string words;
        for (const auto& row : names(Value{})) {
            if (row.help.empty()) continue;  // another spelling
            words += (words.empty() ? " (" : ", ") + std::string(row.name);
        }
        return words + ")";
    } else {
        return "";
    }
}

template <typename T>
void add_flags_of(CLI::App& app, json::object& document) {
    for_each_field<T>([&](const auto& field) {
        using Value = typename Plain<std::decay_t<decltype(std::declval<T>().*field.member)>>::Type;
        const std::string name(field.name);
        std::string flag = "--" + name;
        std::ranges::replace(flag, '_', '-');
        const std::string help = std::string(field.help) + choices<Value>();
        if constexpr (std::is_same_v<Value, bool>) {
            app.add_flag_callback(flag, [&document, name] { document[name] = true; }, help);
        } else {
            const auto write = [&document, name](const std::string& word) {
                document[name] = Named<Value> ? json::value(word) : typed_word(word);
            };
            app.add_option_function<std::string>(flag, write, help);
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

void add_option_flags(CLI::App& app, std::string_view kind, json::object& document) {
    add_flags(app, kind, document, std::make_index_sequence<kKinds.size()>());
}

}  // namespace ittybit::cli
