#include "base/json.h"

#include <algorithm>
#include <cmath>
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
    return parser.release();
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
        out += json::serialize(json::value(number));
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
