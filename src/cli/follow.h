#pragma once

#include <stop_token>
#include <string>

#include "base/json.h"
#include "cli/client.h"
#include "cli/display.h"
#include "model/job.h"

namespace ittybit::cli {

/// Follows a job, or a standalone task (T is Job or Task), to its end and shows it, over broken
/// connections. Gives its last state: one that is not final only when `stop` was asked for. Errors:
/// `job_not_found`, `task_not_found`, `unavailable`.
template <typename T>
Result<T> follow_to_end(
    ApiClient& api, const std::string& id, Display& display, const std::stop_token& stop
);

/// A server's answer as the value it stands for. Errors: `unavailable`.
template <typename T>
Result<T> read_answer(const json::value& value);

/// Where the server's jobs, or standalone tasks, are.
template <typename T>
inline constexpr std::string_view kRoute = "/jobs";
template <>
inline constexpr std::string_view kRoute<Task> = "/tasks";

}  // namespace ittybit::cli
