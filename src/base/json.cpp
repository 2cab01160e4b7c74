#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace ittybit {
namespace {

Error syntax_error(std::string_view text, std::size_t offset, const std::string& reason) {
    const auto before = text.substr(0, offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto newline = before.rfind('\n');
    const auto column = newline == std::string_view::npos ? offset + 1 : offset - newline;
    return {
        ErrorKind::kInvalidJson,
        fmt::format("invalid JSON at line {}, column {}: {}", line, column, reason), ""
    };
}

constexpr double kBeyondWhole = 9.2e18;  // what is less fits into a 64-bit integer

/// Whether a document holds a number that may not be what was written: beyond a double's range, or
/// a whole one beyond 64 bits.
bool has_doubtful_number(const json::value& value) {
    if (const auto* number = value.if_double()) return !(std::abs(*number) < kBeyondWhole);
    if (const auto* array = value.if_array())
        return std::ranges::any_of(*array, has_doubtful_number);
    const auto* object = value.if_object();
    return object != nullptr && std::ranges::any_of(*object, [](const auto& member) {
               return has_doubtful_number(member.value());
           });
}

/// A number's digits without sign, point, exponent, and the zeros at either end.
std::string significant_digits(std::string_view number) {
    std::string digits;
    for (const char letter : number.substr(0, number.find_first_of("eE"))) {
        const bool is_digit = letter >= '0' && letter <= '9';
        if (is_digit && (letter != '0' || !digits.empty())) digits += letter;
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

/// What is wrong with a number as it is written; "" when nothing is.
std::string problem_of_number(const std::string& number) {
    const double value = std::strtod(number.c_str(), nullptr);
    if (!std::isfinite(value)) return "the number is out of range";
    const bool is_whole = number.find_first_of(".eE") == std::string::npos;
    if (!is_whole || std::abs(value) < kBeyondWhole) return "";
    if (significant_digits(fmt::format("{}", value)) == significant_digits(number)) return "";
    return "the whole number is beyond 64 bits and would lose digits: send it as a string";
}

/// The first doubtful number of a document that is right otherwise.
std::optional<Error> number_error(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\') ++at;
            }
        } else if (text[at] == '-' || (text[at] >= '0' && text[at] <= '9')) {
            const auto end = std::min(text.find_first_not_of("0123456789+-.eE", at), text.size());
            const auto problem = problem_of_number(std::string(text.substr(at, end - at)));
            if (!problem.empty()) return syntax_error(text, at, problem);
            at = end - 1;
        }
    }
    return std::nullopt;
}

/// Where `write` is: how deep, or on one line.
struct Layout {
    std::optional<int> depth;  // absent: one line

    Layout inside() const { return {depth ? std::optional(*depth + 1) : std::nullopt}; }
    void new_line(std::string& out) const {
        if (depth) out.append(1, '\n').append(static_cast<std::size_t>(*depth) * 2, ' ');
    }
};

void write(std::string& out, const json::value& value, Layout layout);

template <typename Items, typename WriteItem>
void write_items(
    std::string& out, const Items& items, const char* ends, Layout layout, WriteItem write_item
) {
    out += ends[0];
    for (bool is_first = true; const auto& item : items) {
        if (!is_first) out += ',';
        is_first = false;
        layout.inside().new_line(out);
        write_item(item);
    }
    if (!items.empty()) layout.new_line(out);
    out += ends[1];
}

void write_object(std::string& out, const json::object& object, Layout layout) {
    write_items(out, object, "{}", layout, [&](const auto& member) {
        append_json_string(out, member.key());
        out += layout.depth ? ": " : ":";
        write(out, member.value(), layout.inside());
    });
}

void write(std::string& out, const json::value& value, Layout layout) {
    if (const auto* object = value.if_object()) {
        write_object(out, *object, layout);
    } else if (const auto* array = value.if_array()) {
        write_items(out, *array, "[]", layout, [&](const auto& item) {
            write(out, item, layout.inside());
        });
    } else if (const auto* text = value.if_string()) {
        append_json_string(out, *text);
    } else if (const auto* number = value.if_double()) {
        append_json_number(out, *number);
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t deepest) {
    json::parse_options options;
    options.max_depth = deepest;
    json::stream_parser parser({}, options);
    json::error_code code;
    std::size_t used = parser.write_some(text.data(), text.size(), code);
    if (!code && used < text.size()) {
        const auto rest = text.substr(used);
        const auto extra = rest.find_first_not_of(" \t\r\n");
        if (extra != std::string_view::npos) {
            return syntax_error(text, used + extra, "there is more text after the document's end");
        }
    }
    if (!code) parser.finish(code);
    if (code) return syntax_error(text, used, code.message());
    auto value = parser.release();
    if (has_doubtful_number(value)) {
        if (auto error = number_error(text)) return *std::move(error);
    }
    return value;
}

void append_json(std::string& out, const json::value& value) {
    write(out, value, {});
}

void append_json(std::string& out, const json::object& object) {
    write_object(out, object, {});
}

void append_json_string(std::string& out, std::string_view text) {
    const auto is_plain = [](char letter) {
        return static_cast<unsigned char>(letter) >= ' ' && letter != '"' && letter != '\\';
    };
    if (std::all_of(text.begin(), text.end(), is_plain)) {
        out.append(1, '"').append(text).append(1, '"');
    } else {
        out += json::serialize(text);
    }
}

void append_json_number(std::string& out, double number) {
    if (std::isfinite(number)) {
        fmt::format_to(std::back_inserter(out), "{}", number);
    } else {
        out += "null";
    }
}

std::string compact_json(const json::value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

std::string compact_json(const json::object& object) {
    std::string out;
    append_json(out, object);
    return out;
}

std::string pretty_json(const json::value& value) {
    std::string out;
    write(out, value, {0});
    return out + "\n";
}

std::string string_at(const json::value& value, std::string_view key) {
    const auto* object = value.if_object();
    const auto* member = object != nullptr ? object->if_contains(key) : nullptr;
    const auto* text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? std::string(*text) : std::string();
}

}  // namespace ittybit
