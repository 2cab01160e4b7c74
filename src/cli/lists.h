#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

/// What the lists of a server's things share: the question, and the cells of the tables for people.
namespace ittybit::cli {

/// Query parameters as they were typed; empty ones are not sent.
using Filters = std::map<std::string, std::string>;
std::string list_path(std::string_view path, const Filters& filters);

/// An object's created_at: "12:34" of today, "Nov 28" of another day; `now` in Unix seconds.
std::string created_text(const json::value& object, std::int64_t now);

/// An object's size: "840 B", "1.2 MB"; "–" where it is not known.
std::string size_text(const json::value& object);

/// How many letters fit behind `line`; 10 at least.
std::size_t room_behind(std::string_view line, int columns);

/// The end of a text, which tells files apart better than its beginning.
std::string end_of(std::string_view text, std::size_t width);

}  // namespace ittybit::cli
