#include "base/json.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace ittybit {
namespace {

Error syntax_error(std::string_view text, std::size_t offset, const std::string& reason) {
    const auto before = text.substr(0, offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto newline = before.rfind('\n');
    const auto column = newline == std::string_view::npos ? offset + 1 : offset - newline;
    return {
        "invalid_json", fmt::format("invalid JSON at line {}, column {}: {}", line, column, reason),
        ""
    };
}

void indent(std::string& out, int depth) {
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

void write(std::string& out, const json::value& value, int depth);

template <typename Container, typename WriteItem>
void write_items(
    std::string& out,
    const Container& items,
    char open,
    char close,
    int depth,
    WriteItem&& write_item
) {
    out += open;
    bool first = true;
    for (const auto& item : items) {
        out += first ? "\n" : ",\n";
        first = false;
        indent(out, depth + 1);
        write_item(item);
    }
    if (!first) {
        out += '\n';
        indent(out, depth);
    }
    out += close;
}

void write(std::string& out, const json::value& value, int depth) {
    if (const auto* object = value.if_object()) {
        write_items(out, *object, '{', '}', depth, [&](const auto& member) {
            out += json::serialize(json::string(member.key())) + ": ";
            write(out, member.value(), depth + 1);
        });
    } else if (const auto* array = value.if_array()) {
        write_items(out, *array, '[', ']', depth, [&](const auto& item) {
            write(out, item, depth + 1);
        });
    } else if (const auto* number = value.if_double();
               number != nullptr && std::isfinite(*number)) {
        out += fmt::format("{}", *number);  // 25.5, where the library writes 2.55E1
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
    json::stream_parser parser;
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

std::string pretty_json(const json::value& value) {
    std::string out;
    write(out, value, 0);
    return out + "\n";
}

std::string string_at(const json::value& value, std::string_view key) {
    const auto* object = value.if_object();
    const auto* member = object != nullptr ? object->if_contains(key) : nullptr;
    const auto* text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? std::string(*text) : std::string();
}

}  // namespace ittybit
