#pragma once

#include "api/router.h"

namespace ittybit::api {

/// The OpenAPI 3.1 document of these routes. Schemas come from the tables of model; nothing is
/// written twice.
json::object openapi_document(const std::vector<Route>& routes, std::string_view version);

}  // namespace ittybit::api
