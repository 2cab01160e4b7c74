#pragma once

#include <string_view>

#include "base/json.h"

namespace ittybit::api {

/// `{"$ref": …}` to one of the component schemas.
json::object schema_reference(std::string_view name);

/// Every schema that the table of routes names, and those that these refer to. Made from the
/// tables of fields that the program itself reads and writes.
json::object component_schemas();

}  // namespace ittybit::api
