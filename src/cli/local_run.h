#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "cli/command.h"
#include "sandbox/zygote.h"

namespace ittybit::cli {

/// A job as typed, before anybody has judged it.
struct JobWords {
    std::string kind;
    json::object options;
    json::value metadata;  // null when none was given
    std::string webhook_url;
};

/// Runs a job on this machine and shows it. Gives the exit status.
int run_job_here(Context& context, JobWords words);

/// The same for one task.
int run_task_here(Context& context, JobWords words);

/// How this machine's media process is started, with its working files in `scratch`.
/// `$ITTYBIT_WITHOUT_LAYERS` names layers of the sandbox to leave out, for tests.
sandbox::Zygote::Options zygote_options(const std::filesystem::path& scratch);

}  // namespace ittybit::cli
