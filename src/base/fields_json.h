#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "base/fields.h"
#include "base/json.h"
#include "base/text.h"

namespace ittybit {

/// One thing wrong with a document: the member (dotted path, "" for the whole) and a sentence.
struct Problem {
    std::string where;
    std::string message;
};

/// A bound as people write it: 60000000, not 6e+07.
inline std::string number_text(double number) {
    return number == std::floor(number) && std::abs(number) < 1e15
               ? fmt::format("{}", static_cast<std::int64_t>(number))
               : fmt::format("{}", number);
}

/// Reads described structs from JSON and collects every problem instead of stopping at the first.
/// What each row of the table says is checked here and nowhere else. A member that is null is as
/// if it were absent.
class Reader {
public:
    template <typename T>
    void read(const json::value& value, T& out, const std::string& at = "") {
        if constexpr (std::is_same_v<T, json::value>) {
            out = value;
        } else if constexpr (std::is_same_v<T, json::object>) {
            if (!value.is_object()) return wrong(at, "must be an object");
            out = value.get_object();
        } else if constexpr (Described<T>) {
            read_object(value, out, at);
        } else if constexpr (Named<T>) {
            read_name(value, out, at);
        } else if constexpr (SelfDescribed<T>) {
            read_own(value, out, at);
        } else if constexpr (kIsList<T>) {
            read_list(value, out, at);
        } else if constexpr (kIsOptional<T>) {
            if (!value.is_null()) read(value, out.emplace(), at);
        } else {
            read_scalar(value, out, at);
        }
    }

    void wrong(const std::string& at, const std::string& message) {
        problems_.push_back({at, at.empty() ? message : at + " " + message});
    }

    const std::vector<Problem>& problems() const { return problems_; }

private:
    template <Described T>
    void read_object(const json::value& value, T& out, const std::string& at) {
        if (!value.is_object()) return wrong(at, "must be an object");
        const auto& object = value.get_object();
        std::size_t known = 0;
        for_each_field<T>([&](const auto& field) {
            const std::string here =
                at.empty() ? std::string(field.name) : fmt::format("{}.{}", at, field.name);
            const auto* member = object.if_contains(field.name);
            if (member != nullptr) ++known;
            if (member == nullptr || member->is_null()) {  // null is as if absent
                if (field.is_required) wrong(here, "is required");
                return;
            }
            read(*member, out.*field.member, here);
            check_range(*member, field, here);
        });
        if (known < object.size()) report_unknown<T>(object, at);
    }

    template <typename F>
    void check_range(const json::value& value, const F& field, const std::string& at) {
        if (!value.is_number()) return;
        const double number = value.to_number<double>();
        if (number >= field.min && number <= field.max) return;
        if (std::isinf(field.max)) {
            return wrong(
                at, fmt::format(
                        "must be at least {}, not {}", number_text(field.min), compact_json(value)
                    )
            );
        }
        wrong(
            at, fmt::format(
                    "must be between {} and {}, not {}", number_text(field.min),
                    number_text(field.max), compact_json(value)
                )
        );
    }

    template <Described T>
    void report_unknown(const json::object& object, const std::string& at) {
        std::vector<std::string_view> known;
        for_each_field<T>([&](const auto& field) { known.push_back(field.name); });
        for (const auto& member : object) {
            const std::string_view key = member.key();
            if (std::find(known.begin(), known.end(), key) != known.end()) continue;
            const std::string here = at.empty() ? std::string(key) : fmt::format("{}.{}", at, key);
            wrong(here, fmt::format("is not an option here{}", suggestion(key, known)));
        }
    }

    template <Named T>
    void read_name(const json::value& value, T& out, const std::string& at) {
        if (const auto* text = value.if_string()) {
            if (const auto found = find_named<T>(*text)) return void(out = *found);
        }
        std::string choices;
        for (const auto& row : names(T{})) {
            if (row.help.empty()) continue;  // another spelling of the name before it
            choices += fmt::format("{}{}", choices.empty() ? "" : ", ", row.name);
        }
        wrong(at, fmt::format("must be one of {}, not {}", choices, compact_json(value)));
    }

    template <SelfDescribed T>
    void read_own(const json::value& value, T& out, const std::string& at) {
        auto parsed = T::from_json(value);
        if (parsed) return void(out = *std::move(parsed));
        wrong(at, parsed.error().message);
    }

    template <typename T>
    void read_list(const json::value& value, std::vector<T>& out, const std::string& at) {
        if (!value.is_array()) return wrong(at, "must be a list");
        std::size_t index = 0;
        for (const auto& item : value.get_array()) {
            read(item, out.emplace_back(), fmt::format("{}.{}", at, index++));
        }
    }

    template <typename T>
    void read_scalar(const json::value& value, T& out, const std::string& at) {
        if constexpr (std::is_same_v<T, bool>) {
            if (!value.is_bool())
                return wrong(at, fmt::format("must be true or false, not {}", compact_json(value)));
            out = value.get_bool();
        } else if constexpr (std::is_integral_v<T>) {
            read_whole(value, out, at);
        } else if constexpr (std::is_floating_point_v<T>) {
            if (!value.is_number())
                return wrong(at, fmt::format("must be a number, not {}", compact_json(value)));
            out = value.to_number<T>();
        } else {
            if (!value.is_string())
                return wrong(at, fmt::format("must be a string, not {}", compact_json(value)));
            out = std::string(value.get_string());
        }
    }

    template <typename T>
    void read_whole(const json::value& value, T& out, const std::string& at) {
        if (const auto* number = value.if_int64(); number != nullptr && std::in_range<T>(*number)) {
            return void(out = static_cast<T>(*number));
        }
        if (const auto* number = value.if_uint64();
            number != nullptr && std::in_range<T>(*number)) {
            return void(out = static_cast<T>(*number));
        }
        if (const auto* number = value.if_double()) {
            // 30.0 is a whole number too; JavaScript does not tell them apart.
            if (*number == std::floor(*number) && std::abs(*number) < 1e9)
                return void(out = static_cast<T>(*number));
        }
        if (value.is_number() && !value.is_double())
            return;  // too large for T: the range check says so
        wrong(at, fmt::format("must be a whole number, not {}", compact_json(value)));
    }

    std::vector<Problem> problems_;
};

/// A described value, or the first thing that is wrong with it, behind `what` ("bad plan: ").
template <typename T>
Result<T> read_as(const json::value& value, ErrorKind kind, std::string_view what = "") {
    T read;
    Reader reader;
    reader.read(value, read);
    if (reader.problems().empty()) return read;
    return Error{kind, std::string(what) + reader.problems().front().message, ""};
}

/// The canonical JSON of a value: every field in the table's order, absent ones null.
template <typename T>
json::value to_json(const T& value) {
    if constexpr (std::is_same_v<T, json::value> || std::is_same_v<T, json::object>) {
        return value;
    } else if constexpr (Described<T>) {
        json::object object;
        for_each_field<T>([&](const auto& field) {
            auto member = to_json(value.*field.member);
            if (field.is_left_out_when_empty && member.is_null()) return;
            object[field.name] = std::move(member);
        });
        return object;
    } else if constexpr (Named<T>) {
        return json::string(name_of(value));
    } else if constexpr (SelfDescribed<T>) {
        return value.to_json_value();
    } else if constexpr (kIsOptional<T>) {
        return value ? to_json(*value) : json::value(nullptr);
    } else if constexpr (kIsList<T>) {
        json::array array;
        for (const auto& item : value) array.push_back(to_json(item));
        return array;
    } else {
        return json::value(value);
    }
}

/// Appends compact_json(to_json(value)) to `out`, without building the document.
template <typename T>
void append_json_of(std::string& out, const T& value) {
    if constexpr (std::is_same_v<T, json::value> || std::is_same_v<T, json::object>) {
        append_json(out, value);
    } else if constexpr (Described<T>) {
        char before = '{';
        for_each_field<T>([&](const auto& field) {
            const auto& member = value.*field.member;
            if constexpr (kIsOptional<std::decay_t<decltype(member)>>) {
                if (field.is_left_out_when_empty && !member) return;
            }
            out.append(1, std::exchange(before, ',')).append(1, '"').append(field.name);
            out += "\":";
            append_json_of(out, member);
        });
        if (before == '{') out += '{';
        out += '}';
    } else if constexpr (Named<T>) {
        append_json_string(out, name_of(value));
    } else if constexpr (requires { value.append_json_to(out); }) {
        value.append_json_to(out);
    } else if constexpr (SelfDescribed<T>) {
        append_json(out, value.to_json_value());
    } else if constexpr (kIsOptional<T>) {
        if (value) return append_json_of(out, *value);
        out += "null";
    } else if constexpr (kIsList<T>) {
        out += '[';
        for (bool is_first = true; const auto& item : value) {
            if (!std::exchange(is_first, false)) out += ',';
            append_json_of(out, item);
        }
        out += ']';
    } else if constexpr (std::is_same_v<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
        fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value);
    } else if constexpr (std::is_floating_point_v<T>) {
        append_json_number(out, value);
    } else {
        append_json_string(out, value);
    }
}

/// compact_json(to_json(value)).
template <typename T>
std::string json_text(const T& value) {
    std::string out;
    append_json_of(out, value);
    return out;
}

}  // namespace ittybit
