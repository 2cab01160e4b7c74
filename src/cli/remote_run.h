#pragma once

#include "cli/client.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/local_run.h"

namespace ittybit::cli {

/// Runs a job on the server: local input uploaded, followed, local output downloaded. Gives the
/// exit status.
int run_job_there(Context& context, const JobWords& words, const ServerAccess& server);

/// Follows a job to its end and shows it; an interruption cancels it. The final job.
Result<Job> follow_to_end(
    ApiClient& api, const std::string& job_id, Display& display, const std::stop_token& stop
);

Result<Job> job_from(const json::value& value);

}  // namespace ittybit::cli
