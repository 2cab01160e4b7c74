#pragma once

#include <optional>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/local_run.h"
#include "work/target.h"

namespace ittybit::cli {

/// Runs a job on the server: local input uploaded, followed, local output downloaded; an interrupt
/// cancels it. Gives the exit status.
int run_job_there(Context& context, const JobWords& words, const ServerAccess& server);

/// The same for one task.
int run_task_there(Context& context, const JobWords& words, const ServerAccess& server);

/// Sends a local input to the server and shows how far it is. Gives its URL there.
Result<std::string> upload_input(
    ApiClient& api, const std::string& input, Display& display, const std::stop_token& stop
);

/// Where a result is handed back to; nothing where it stays on the server. Errors: those of
/// work::choose_target.
Result<std::optional<work::Target>> target_here(
    const Globals& globals, std::string_view kind, std::string_view extension
);

}  // namespace ittybit::cli
