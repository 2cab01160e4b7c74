#pragma once

#include <memory>
#include <string>

#include "api/http.h"
#include "api/service.h"

namespace ittybit::api {

/// The events of one job, or standalone task, for one follower: `job` (`task`) at once and at each
/// new revision after Last-Event-ID, `progress` at most once a second; ends after a final state.
/// 204 where nothing more will come.
Response events_response(Service& service, const Request& request, const store::JobRecord& record);

/// An answer of these Server-Sent Events.
Response following(std::shared_ptr<EventStream> events);

/// A job as users see it, with addresses of files that hold from now on. In lists, files come
/// without their `streams`.
json::object job_json(const Service& service, const Job& job, bool is_in_list = false);
json::object task_json(const Service& service, const Task& task, bool is_in_list = false);

}  // namespace ittybit::api
