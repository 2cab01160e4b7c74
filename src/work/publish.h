#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/protocol.h"
#include "sandbox/workspace.h"

namespace ittybit::work {

/// Under which name a result appears on this machine.
struct Target {
    std::filesystem::path folder;  // exists
    std::string stem;              // the name up to its extension
    std::string extension;         // empty: that of the file that was made
    bool may_replace = false;      // else `-1`, `-2`, … behind the stem while the name is taken
    bool has_own_folder = false;   // `<folder>/<stem>/master.<extension>`
};

/// Chooses the target. `output` as the user gave it: a file name, or a folder that exists or ends
/// in a slash; empty for `<stem of the input>.<extension>` in the current folder. Errors:
/// `invalid_output` when the folder is missing or cannot be written.
Result<Target> choose_target(
    std::string_view kind,
    std::string_view output,
    std::string_view input,
    std::string_view extension
);

/// Makes the files of a workspace visible, by rename and the main one last, so that whoever sees
/// the name sees it all; parts lie in `parts_folder` beside it. The workspace must lie in
/// `target.folder`. Gives the path of the main file. Errors: `disk_full`, `invalid_output`,
/// `internal_error`.
Result<std::filesystem::path> publish(
    const sandbox::Workspace& workspace,
    const std::vector<FileReady>& files,
    const Target& target,
    const std::string& parts_folder
);

/// The same for a copy of the open file `descriptor`.
Result<std::filesystem::path> publish_copy(int descriptor, const Target& target);

/// "file:///home/me/a%20b.mp4"
std::string file_url(const std::filesystem::path& path);

/// The path behind a `file://` URL; the text itself when it is none.
std::string path_of(std::string_view url_or_path);

}  // namespace ittybit::work
