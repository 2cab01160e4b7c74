#pragma once

#include <vector>

#include "api/router.h"
#include "api/service.h"

namespace ittybit::api {

/// Every endpoint there is, in the order of the documentation.
std::vector<Route> all_routes(Service& service);

std::vector<Route> job_routes(Service& service);
std::vector<Route> task_routes(Service& service);
std::vector<Route> webhook_routes(Service& service);
std::vector<Route> upload_routes(Service& service);
std::vector<Route> connection_routes(Service& service);
std::vector<Route> file_routes(Service& service);
std::vector<Route> status_routes(Service& service);

/// What every handler of a list reads and answers.
Result<store::ListQuery> read_list_query(
    const Request& request, std::initializer_list<std::string_view> filters
);
/// A bare array with `Link`, `Has-More` and `Limit`. `first` and `last` are the cursors of the
/// items at its ends.
Response list_response(
    const Request& request,
    const Service& service,
    const store::ListQuery& query,
    json::array items,
    bool has_more,
    const std::string& first,
    const std::string& last
);

/// Errors: `unsupported_media_type`, `invalid_json`.
Result<json::value> read_json_body(const Request& request);

}  // namespace ittybit::api
