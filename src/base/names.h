#pragma once

#include <optional>
#include <string_view>

namespace ittybit {

/// One row of an enum's table. Without a help it is another spelling of the name before it.
template <typename Enum>
struct Name {
    Enum value;
    std::string_view name;
    std::string_view help;
};

/// An enum with a table of names: `constexpr auto names(Enum)` returning an array of Name rows.
template <typename T>
concept Named = requires(T value) { names(value); };

/// The name of an enum's value, as users write it.
template <Named T>
constexpr std::string_view name_of(T value) {
    for (const auto& row : names(T{})) {
        if (row.value == value) return row.name;
    }
    return "";
}

/// The value that has this name, if there is one.
template <Named T>
constexpr std::optional<T> find_named(std::string_view name) {
    for (const auto& row : names(T{})) {
        if (row.name == name) return row.value;
    }
    return std::nullopt;
}

}  // namespace ittybit
