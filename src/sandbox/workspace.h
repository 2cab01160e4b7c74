#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ittybit::sandbox {

/// A folder of its own for one child, removed with everything in it. What lies in it was made by
/// an untrusted process: files are only opened by checked flat names, never through a link.
class Workspace {
public:
    /// Makes `<parent>/.ittybit-<random>` (mode 0700). Errors: `disk_full`, `internal_error`.
    static Result<Workspace> make(const std::filesystem::path& parent);

    Workspace(Workspace&& other) noexcept = default;
    Workspace& operator=(Workspace&& other) noexcept;
    ~Workspace();

    const std::filesystem::path& path() const { return path_; }
    int descriptor() const { return folder_.get(); }

    /// Opens a file of the folder for reading. Errors: `task_crashed` when the name is not flat, or
    /// what it names is missing, a link, or not a regular file with this one name.
    Result<Fd> open_file(std::string_view name) const;

    /// Bytes (allocated blocks or length, whichever is more) and number of the files in it.
    struct Usage {
        std::int64_t bytes = 0;
        std::int64_t files = 0;
    };
    Usage usage() const;

    /// Removes the workspaces in `parent` whose process ended without doing so. Any process, any
    /// time.
    static void remove_abandoned(const std::filesystem::path& parent);

private:
    Workspace(std::filesystem::path path, Fd folder);

    std::filesystem::path path_;
    Fd folder_;  // locked while its owner lives
};

/// Whether a child's name for a file stays in its folder: no separator, no control character, no
/// leading dot, at most 200 bytes.
bool is_flat_name(std::string_view name);

}  // namespace ittybit::sandbox
