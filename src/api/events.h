#pragma once

#include <memory>
#include <string>

#include "api/http.h"
#include "api/service.h"

namespace ittybit::api {

/// The events of one job for one follower: `job` at once and at each new revision after `seen`,
/// `progress` at most once a second; ends after a final state.
std::shared_ptr<EventStream> follow_job(Service& service, std::string job_id, std::int64_t seen);

/// A job as users see it. In lists, files come without their `streams`.
json::object job_json(const Job& job, bool is_in_list = false);
json::object task_json(const Task& task, bool is_in_list = false);

}  // namespace ittybit::api
