#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ittybit::work {

/// How `--output` names the standard output.
inline constexpr std::string_view kStandardOutput = "-";

/// Under which name a result appears on this machine.
struct Target {
    std::filesystem::path folder;  // exists; working files lie here until they get their names
    std::string stem;              // the name up to its extension
    std::string extension;         // empty: none, or not known before the work
    bool may_replace = false;      // else `-1`, `-2`, … behind the stem while the name is taken
    bool has_own_folder = false;   // `<folder>/<stem>/master.<extension>`
    bool is_folder = false;        // `<folder>/<stem>/`, in which files keep their names
    std::string stream = {};       // a device, FIFO or `-` that the bytes go into instead
};

/// What is asked of this machine for one result.
struct Wish {
    std::string_view kind;
    std::string_view output;     // as the user gave it: below
    std::string_view input;      // path or URL; its stem is `{filename}`
    std::string_view extension;  // of the format: `{format}`; empty while nobody knows it
    std::string_view name = {};  // of the result in a folder; empty: the stem of the input
    bool is_folder = false;      // the result is a folder of files
};

/// Chooses the target, and makes the folders that are missing. `output` is a file's name, in which
/// `{filename}`, `{kind}` and `{format}` are filled in; a folder that exists or ends in a slash; a
/// device or FIFO; `-`; or empty for `<stem of the input>.<extension>` in the current folder. What
/// is a folder itself becomes the one that is named, or one in it where that is there already.
/// Symbolic links are followed. Errors: `invalid_output`, for all that can be known before a byte
/// is read.
Result<Target> choose_target(const Wish& wish);

/// The name that an input gives its output: "clip" of "https://host/a/clip.mov?x=1".
std::string stem_of_input(std::string_view input);

/// "file:///home/me/a%20b.mp4"
std::string file_url(const std::filesystem::path& path);

/// The path behind a `file://` URL; the text itself when it is none.
std::string path_of(std::string_view url_or_path);

}  // namespace ittybit::work
