#pragma once

#include <stop_token>
#include <string>

#include "base/json.h"
#include "cli/client.h"
#include "cli/display.h"
#include "model/job.h"

namespace ittybit::cli {

/// Follows a job to its end and shows it, over broken connections. Gives its last state: one that
/// is not final only when `stop` was asked for. Errors: `job_not_found`, `unavailable`.
Result<Job> follow_to_end(
    ApiClient& api, const std::string& job_id, Display& display, const std::stop_token& stop
);

/// The same for a standalone task.
Result<Task> follow_task(
    ApiClient& api, const std::string& task_id, Display& display, const std::stop_token& stop
);

/// A server's answer as the value it stands for. Errors: `unavailable`.
Result<Job> job_from(const json::value& value);
Result<Task> task_from(const json::value& value);

}  // namespace ittybit::cli
