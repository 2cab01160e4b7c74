#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/limits.h"
#include "model/operation.h"
#include "model/protocol.h"
#include "sandbox/workspace.h"
#include "sandbox/zygote.h"
#include "storage/origin.h"

/// What happens outside the sandbox: running operations in children, and the life of a job.
namespace ittybit::work {

/// Where a child's input bytes are: a descriptor, and who completes the file behind it.
struct OperationInput {
    int descriptor = -1;               // of a regular file; borrowed for the length of the run
    std::optional<std::int64_t> size;  // bytes; nothing while unknown
    /// Empty when every byte is in the file. Else makes [offset, offset + length) present as far
    /// as the input reaches, and gives the input's size once that is known. May wait.
    std::function<Result<std::optional<std::int64_t>>(
        std::int64_t offset, std::int64_t length, const std::stop_token& stop
    )>
        ensure = {};
    std::string option = {};        // that names it; of the input ""
    bool comes_in_order = false;    // `ensure` waits for all that lies before
    storage::Version version = {};  // as its origin tells it
};

/// What may be made beside an operation's output, of the same decoded pictures.
struct OperationBeside {
    Operation operation;
    std::string parts_folder;
};

/// One media operation: what to do with which bytes.
struct OperationRequest {
    Operation operation;
    std::vector<OperationInput> inputs;
    bool explain = false;
    std::string stem = "output";
    std::string parts_folder;
    Limits limits;
    std::string task = {};    // whose work it is, by its id; "": none's, or its input is looked at
    bool is_binding = false;  // explain: all is read that deciding takes, nothing guessed
    json::value plan = {};    // how it is done, where that was decided before
    std::vector<OperationBeside> beside = {};
};

/// Who hears what a child does. Called on the thread of run_operation; any may be empty. An error
/// from `file_grown` or `file_ready` (an export that fails) ends the operation with it. What is
/// beside the operation's own output says so by its number.
struct OperationEvents {
    std::function<void(const Progress&)> progress = {};
    std::function<Result<>(const FileGrown&, const sandbox::Workspace&)> file_grown = {};
    std::function<Result<>(const FileReady&, const sandbox::Workspace&)> file_ready = {};
};

/// A finished operation: what the child said, and its folder, which goes with this value. The
/// child itself is gone, so that nobody can change the files any more.
struct Outcome {
    Finished finished;
    std::vector<FileReady> files;  // each opened and its size found true
    sandbox::Workspace workspace;
    std::vector<Outcome> beside = {};  // of OperationRequest.beside: all, or none
};

/// How an operation is performed: in a child; in tests, by a script.
using Perform = std::function<Result<Outcome>(
    const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
)>;

/// Runs one operation in a child of its own. Errors: those of the task, and of sandbox::Child.
Result<Outcome> run_operation(
    sandbox::Zygote& zygote,
    const OperationRequest& request,
    const OperationEvents& events,
    const std::stop_token& stop
);

/// The same for what is no operation of the service. `assignment` has no inputs yet.
Result<Outcome> run_assignment(
    sandbox::Zygote& zygote,
    Assignment assignment,
    const std::vector<OperationInput>& inputs,
    const OperationEvents& events,
    const std::stop_token& stop
);

}  // namespace ittybit::work
