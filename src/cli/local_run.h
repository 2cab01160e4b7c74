#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "cli/command.h"
#include "model/operation.h"
#include "sandbox/zygote.h"

namespace ittybit::cli {

/// A job as typed, before anybody has judged it.
struct JobWords {
    std::string kind;
    json::object options;
    json::value metadata;  // null when none was given
    std::string webhook_url;
};

/// What the options mean. Errors: every problem with them in one, of the first one's kind.
Result<Operation> judge_options(std::string_view kind, const json::value& options);

/// Runs a job on this machine and shows it. Gives the exit status.
int run_job_here(Context& context, JobWords words);

/// The same for one task.
int run_task_here(Context& context, JobWords words);

/// How this machine's media process is started, with its working files in `scratch`.
/// `$ITTYBIT_WITHOUT_LAYERS` names layers of the sandbox to leave out, for tests.
sandbox::Zygote::Options zygote_options(const std::filesystem::path& scratch);

}  // namespace ittybit::cli
