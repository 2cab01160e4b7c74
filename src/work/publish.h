#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/protocol.h"
#include "sandbox/workspace.h"
#include "work/target.h"

namespace ittybit::work {

/// Makes the files of a workspace visible, by rename and the main one last, so that whoever sees
/// the name sees it all; parts lie in `parts_folder` beside it, subtitles under its name beside it.
/// A target that is a folder appears with all files at once. A workspace on another disk than
/// `target.folder` is copied there first. Into a stream the main file is copied, and there may be
/// no other. Gives the path of the main file. Errors: `disk_full`, `invalid_output`,
/// `internal_error`, `upload_failed` (nobody reads the stream), `cancelled`.
Result<std::filesystem::path> publish(
    const sandbox::Workspace& workspace,
    const std::vector<FileReady>& files,
    const Target& target,
    const std::string& parts_folder,
    const std::stop_token& stop
);

/// The same for a copy of the open file `descriptor`.
Result<std::filesystem::path> publish_copy(
    int descriptor, const Target& target, const std::stop_token& stop
);

}  // namespace ittybit::work
