#pragma once

#include <limits>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/names.h"

namespace ittybit {

/// One row of an option table: where the value lives, its name, what it means, what it may be.
/// The default is not here: it is the member's own initializer, so it is written only once.
template <typename Struct, typename Value>
struct Field {
    Value Struct::* member;
    std::string_view name;
    std::string_view help;
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    bool is_required = false;
    bool is_left_out_when_empty = false;

    constexpr Field(Value Struct::* where, std::string_view word, std::string_view sentence)
        : member(where), name(word), help(sentence) {}

    /// The closed range a number must lie in.
    constexpr Field between(double low, double high) const {
        Field field = *this;
        field.min = low;
        field.max = high;
        return field;
    }

    constexpr Field required() const {
        Field field = *this;
        field.is_required = true;
        return field;
    }

    /// An absent value is not written at all, instead of as null.
    constexpr Field or_absent() const {
        Field field = *this;
        field.is_left_out_when_empty = true;
        return field;
    }
};

/// A struct with a table: `static constexpr auto kFields = std::tuple{Field{...}, ...}`.
template <typename T>
concept Described = requires { T::kFields; };

/// A value type with its own JSON form: `static Result<T> from_json(const json::value&)`,
/// `to_json_value()`, and `schema()`, its JSON Schema; may have `append_json_to(std::string&)`,
/// which writes the same without building it.
template <typename T>
concept SelfDescribed = requires(const T value) {
    value.to_json_value();
    T::schema();
};

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <Described T, typename Visit>
void for_each_field(Visit&& visit) {
    std::apply([&](const auto&... field) { (visit(field), ...); }, T::kFields);
}

}  // namespace ittybit
