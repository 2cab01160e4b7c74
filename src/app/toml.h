#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace ittybit::app {

/// A TOML file of plain values and lists of them as a JSON object.
/// Errors: `invalid_request`, with line and column.
Result<json::object> read_toml(const std::string& path);

/// A value as TOML writes it.
std::string toml_text(const json::value& value);

}  // namespace ittybit::app
