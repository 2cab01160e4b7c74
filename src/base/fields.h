#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
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

template <std::size_t, typename Row>
struct FieldAt {
    Row row;
};

template <typename Indices, typename... Rows>
struct FieldsAt;

template <std::size_t... I, typename... Rows>
struct FieldsAt<std::index_sequence<I...>, Rows...> : FieldAt<I, Rows>... {
    /// What `visit` returns for all rows at once, in their order.
    template <typename Visit>
    constexpr auto apply(Visit&& visit) const {
        return visit(static_cast<const FieldAt<I, Rows>&>(*this).row...);
    }
};

/// A table of rows: what std::tuple would hold, in a third less time for the compiler.
template <typename... Rows>
struct Fields : FieldsAt<std::index_sequence_for<Rows...>, Rows...> {
    constexpr explicit Fields(Rows... rows)
        : FieldsAt<std::index_sequence_for<Rows...>, Rows...>{{rows}...} {}
};

/// One table behind the other.
template <typename... A, typename... B>
constexpr auto operator+(const Fields<A...>& first, const Fields<B...>& second) {
    return first.apply([&](const A&... a) {
        return second.apply([&](const B&... b) { return Fields<A..., B...>(a..., b...); });
    });
}

/// A struct with a table: `static constexpr auto kFields = Fields{Field{...}, ...}`.
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
    T::kFields.apply([&](const auto&... field) { (visit(field), ...); });
}

}  // namespace ittybit
