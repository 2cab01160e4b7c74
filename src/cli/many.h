#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace ittybit::cli {

/// The inputs that were typed, with what quoted globs (`'*.jpg'`) stand for on this machine.
std::vector<std::string> expanded(const std::vector<std::string>& inputs);

/// Whether several inputs can have the outputs that `output` names: a folder of this machine, or a
/// name with `{filename}` that no two of them share, also once a bucket has its key. Errors:
/// `invalid_input`, `invalid_output`.
Result<> check_many(const std::vector<std::string>& inputs, const std::string& output);

/// Makes the folder of several outputs before them, so that none of them takes it for its own:
/// where `output` is a folder of this machine whose name is known.
void make_folder(const std::string& output);

/// Runs a job for each input, one after the other, and says how many were done. `outputs` are the
/// names that each of them gives its results. Gives the first exit status that is not 0; an
/// interrupt ends it.
int run_each(
    Context& context,
    const std::vector<std::string>& outputs,
    const std::function<int(Context&)>& run
);

}  // namespace ittybit::cli
