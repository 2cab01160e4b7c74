#include "app/toml.h"

#include <fstream>
#include <iterator>
#include <optional>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/fields_json.h"

namespace ittybit::app {
namespace {

Error wrong(const std::string& path, const toml::source_region& where, std::string_view what) {
    return {
        ErrorKind::kInvalidRequest,
        fmt::format("{}:{}:{}: {}", path, where.begin.line, where.begin.column, what), "config"
    };
}

/// Nothing for what has no place among settings: dates, tables.
std::optional<json::value> value_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return json::value(text->get());
    if (const auto* number = node.as_integer()) return json::value(number->get());
    if (const auto* number = node.as_floating_point()) return json::value(number->get());
    if (const auto* truth = node.as_boolean()) return json::value(truth->get());
    const auto* list = node.as_array();
    if (list == nullptr) return std::nullopt;
    json::array items;
    for (const auto& item : *list) {
        auto value = value_of(item);
        if (!value) return std::nullopt;
        items.push_back(*std::move(value));
    }
    return items;
}

}  // namespace

Result<json::object> read_toml(const std::string& path) {
    std::ifstream file(path);
    file.peek();  // which a folder fails
    if (!file.is_open() || file.bad()) {
        return Error{ErrorKind::kInvalidRequest, path + " cannot be read", "config"};
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto parsed = toml::parse(text);
    if (!parsed) return wrong(path, parsed.error().source(), parsed.error().description());
    json::object document;
    for (const auto& [key, node] : parsed.table()) {
        auto value = value_of(node);
        if (!value) return wrong(path, node.source(), "settings are texts, numbers, true or false");
        document[key.str()] = *std::move(value);
    }
    return document;
}

std::string toml_text(const json::value& value) {
    if (value.is_double()) return number_text(value.get_double());
    return compact_json(value);  // whose texts, lists and truths are TOML's too
}

}  // namespace ittybit::app
