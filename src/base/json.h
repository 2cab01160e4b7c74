#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.h"

namespace ittybit {

namespace json = boost::json;

inline constexpr std::size_t kDeepestJson = 32;

/// Parses one JSON document (RFC 8259, at most so many levels deep).
/// Errors: `invalid_json` with line and column.
Result<json::value> parse_json(std::string_view text, std::size_t deepest = kDeepestJson);

/// On one line. Numbers are plain (25.5, where the library writes 2.55E1).
std::string compact_json(const json::value& value);
std::string compact_json(const json::object& object);

/// The same at the end of `out`, and of what is no json::value yet. A number that is not finite
/// becomes what the library makes of it.
void append_json(std::string& out, const json::value& value);
void append_json(std::string& out, const json::object& object);
void append_json_string(std::string& out, std::string_view text);
void append_json_number(std::string& out, double number);

/// Two spaces of indentation, keys in their order: for files and people.
std::string pretty_json(const json::value& value);

/// The member's string, or "" when the value is no object, lacks it, or it is not a string.
std::string string_at(const json::value& value, std::string_view key);

}  // namespace ittybit
