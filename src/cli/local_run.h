#pragma once

#include <filesystem>

#include "base/json.h"
#include "cli/command.h"
#include "sandbox/zygote.h"

namespace ittybit::cli {

/// Runs what a document asks for on this machine, a job or one task, and shows it. Gives the exit
/// status.
int run_here(Context& context, const json::object& document, bool is_task);

/// How this machine's media process is started, with its working files in `scratch`.
/// `$ITTYBIT_WITHOUT_LAYERS` names layers of the sandbox to leave out, for tests.
sandbox::Zygote::Options zygote_options(const std::filesystem::path& scratch);

}  // namespace ittybit::cli
