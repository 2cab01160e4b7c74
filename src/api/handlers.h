#pragma once

#include <vector>

#include "api/router.h"
#include "api/service.h"

namespace ittybit::api {

/// Every endpoint there is, in the order of the documentation.
std::vector<Route> all_routes();

std::vector<Route> jobs_events_routes();
std::vector<Route> job_routes();
std::vector<Route> task_routes();
std::vector<Route> webhook_routes();
std::vector<Route> upload_routes();
std::vector<Route> resumable_routes();
std::vector<Route> connection_routes();
std::vector<Route> file_routes();
std::vector<Route> stored_file_routes();
std::vector<Route> status_routes();
std::vector<Route> dashboard_routes();
std::vector<Route> key_routes();
std::vector<Route> worker_routes();

/// The job of a route's {id}. Errors: `job_not_found`, also for a standalone task's.
Result<store::JobRecord> find_job(Service& service, const Request& request);

/// Where a resumable upload is, behind its server's address.
inline constexpr std::string_view kResumableFolder = "/uploads/resumable/";

/// Puts the addresses of files in a request, but for its metadata, where those of the resumable
/// uploads stand that became them. Errors: `invalid_input`, where bytes of one are missing still.
Result<> name_uploaded_files(Service& service, json::value& document);

/// What a list can be narrowed by, beside paging.
enum class Filters { kNone, kJobs, kTasks, kFiles, kDeliveries };

/// The address in front of what we serve: the operator's, or the one the request was sent to.
std::string base_url(const Service& service, const Request& request);

/// The path that Location begins with: that of the operator's address, mostly empty.
std::string base_path(const Service& service);

/// What the lists of jobs and of standalone tasks take.
std::vector<std::string_view> query_of_lists();

/// What every handler of a list reads. Errors: `invalid_request`.
Result<store::ListQuery> read_list_query(const Request& request, Filters filters);

/// A bare array with `Link`, `Has-More` and `Limit`. `last` is the cursor of the item at its end.
Response list_response(
    const Request& request,
    const Service& service,
    const store::ListQuery& query,
    json::array items,
    bool has_more,
    const std::string& last
);

/// Where the next page of a list begins.
template <typename T>
std::string cursor_of(const store::Page<T>& page) {
    if (!page.cursor.empty()) return page.cursor;
    return page.items.empty() ? "" : page.items.back().id;
}

/// Bodies are taken as they are. Errors: `unsupported_media_type` (a Content-Encoding).
Result<> check_coding(const Request& request);

/// Errors: `unsupported_media_type`, `invalid_json`.
Result<json::value> read_json_body(const Request& request);

}  // namespace ittybit::api
