#include "sandbox/workspace.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"

namespace ittybit::sandbox {
namespace {

constexpr std::string_view kPrefix = ".ittybit-";

struct Free {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, Free>;

/// A stream over a folder that is held open by `descriptor`, with a position of its own.
Directory list(int descriptor) {
    Fd again(::openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    Directory directory(again ? ::fdopendir(again.get()) : nullptr);
    if (directory) static_cast<void>(again.release());
    return directory;
}

Error cannot_make_folder() {
    if (errno == ENOSPC || errno == EDQUOT) {
        return {
            ErrorKind::kDiskFull, "there is no room for working files; free some disk space", ""
        };
    }
    return {
        ErrorKind::kInternalError,
        "working files cannot be written (" + std::system_category().message(errno) +
            "); check the folder's permissions",
        ""
    };
}

/// The folder, held as our own; nothing when it belongs to another, or is gone.
Fd lock(const std::filesystem::path& path) {
    Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) folder.reset();
    return folder;
}

bool is_linked(int folder) {
    struct stat facts{};
    return ::fstat(folder, &facts) == 0 && facts.st_nlink > 0;
}

Error bad_file(const char* what) {
    return {
        ErrorKind::kTaskCrashed, std::string("the media process left a file that is ") + what, ""
    };
}

}  // namespace

Result<Workspace> Workspace::make(const std::filesystem::path& parent) {
    // Until it is locked, another process may take it for abandoned.
    constexpr int kTries = 100;
    Error error;
    for (int i = 0; i < kTries; ++i) {
        const auto path = parent / (std::string(kPrefix) + random_hex(64));
        if (::mkdir(path.c_str(), 0700) != 0) {
            error = cannot_make_folder();
            std::error_code code;  // somebody removed the parent
            if (!std::filesystem::create_directories(parent, code)) return error;
            continue;
        }
        if (Fd folder = lock(path); folder && is_linked(folder.get())) {
            return Workspace(path, std::move(folder));
        }
        error = cannot_make_folder();
        ::rmdir(path.c_str());
    }
    return error;
}

Workspace::Workspace(std::filesystem::path path, Fd folder)
    : path_(std::move(path)), folder_(std::move(folder)) {}

Workspace& Workspace::operator=(Workspace&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(folder_, other.folder_);
    return *this;
}

Workspace::~Workspace() {
    if (!folder_) return;
    std::error_code ignored;  // remove_abandoned tries again
    std::filesystem::remove_all(path_, ignored);
}

Result<Fd> Workspace::open_file(std::string_view name) const {
    if (!is_flat_name(name)) return bad_file("named against the rules");
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    Fd file(::openat(folder_.get(), std::string(name).c_str(), kFlags));
    if (!file) return bad_file(errno == ENOENT ? "missing" : "not a regular file");
    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink != 1) {
        return bad_file("not a regular file");
    }
    return file;
}

Workspace::Usage Workspace::usage() const {
    Usage usage;
    const Directory directory = list(folder_.get());
    while (directory) {
        const dirent* entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        struct stat facts{};
        if (::fstatat(folder_.get(), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISDIR(facts.st_mode)) continue;
        ++usage.files;
        usage.bytes += std::max<std::int64_t>(facts.st_size, facts.st_blocks * 512);
    }
    return usage;
}

void Workspace::remove_abandoned(const std::filesystem::path& parent) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(parent, code)) {
        if (!entry.path().filename().string().starts_with(kPrefix)) continue;
        const Fd folder = lock(entry.path());
        if (!folder) continue;  // it has an owner
        std::error_code ignored;
        std::filesystem::remove_all(entry.path(), ignored);
    }
}

bool is_flat_name(std::string_view name) {
    constexpr std::size_t kLongestName = 200;
    if (name.empty() || name.size() > kLongestName || name.front() == '.') return false;
    return std::ranges::all_of(name, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte >= 0x20 && byte != 0x7F && letter != '/';
    });
}

}  // namespace ittybit::sandbox
