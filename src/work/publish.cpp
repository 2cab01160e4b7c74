#include "work/publish.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "model/output_name.h"

namespace ittybit::work {
namespace {

namespace fs = std::filesystem;

Error cannot_write(std::string_view what) {
    const auto reason = std::system_category().message(errno);
    if (errno == ENOSPC || errno == EDQUOT) {
        return {ErrorKind::kDiskFull, fmt::format("there is no room for {}", what), "output"};
    }
    return {
        ErrorKind::kInvalidOutput, fmt::format("{} cannot be written: {}", what, reason), "output"
    };
}

/// The bytes must be on disk before the name is: a crash must not leave an empty file under it.
Result<> sync(int descriptor) {
    if (::fsync(descriptor) == 0 || errno == EINVAL) return {};
    return cannot_write("the output");
}

/// The mode of a file that the user makes, by their umask.
mode_t usual_mode(const sandbox::Workspace& workspace) {
    const auto path = workspace.path() / ".mode";
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    struct stat facts{};
    if (!file || ::fstat(file.get(), &facts) != 0) return 0600;
    ::unlink(path.c_str());
    return facts.st_mode & 0777;
}

/// On disk, and with the usual mode: the one it has was an untrusted process's choice.
Result<> settle(const sandbox::Workspace& workspace, const std::string& name, mode_t mode) {
    const Fd file = TRY(workspace.open_file(name));
    if (::fchmod(file.get(), mode) != 0) return cannot_write("the output's mode");
    return sync(file.get());
}

Result<> sync_folder(const fs::path& folder) {
    const Fd open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return open ? sync(open.get()) : Result<>();
}

std::string numbered(const std::string& stem, int number) {
    return number == 0 ? stem : fmt::format("{}-{}", stem, number);
}

constexpr int kMostNumbers = 100000;

/// Moves a finished file to the target's name, or the next free one.
Result<fs::path> move_main(const fs::path& from, const Target& target, std::string_view extension) {
    const auto dotted = extension.empty() ? std::string() : "." + std::string(extension);
    if (target.may_replace) {
        const auto to = target.folder / (target.stem + dotted);
        if (::rename(from.c_str(), to.c_str()) != 0) return cannot_write(to.string());
        return to;
    }
    for (int number = 0; number < kMostNumbers; ++number) {
        const auto to = target.folder / (numbered(target.stem, number) + dotted);
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
            return to;
        }
        if (errno == EINVAL) {  // a file system without this kind of rename: link fails likewise
            if (::link(from.c_str(), to.c_str()) == 0) return to;
        }
        if (errno != EEXIST) return cannot_write(to.string());
    }
    return Error{ErrorKind::kInvalidOutput, "every name like it is taken", "output"};
}

/// A folder of the target's name, or the next free one.
Result<fs::path> make_own_folder(const Target& target) {
    for (int number = 0; number < kMostNumbers; ++number) {
        auto folder = target.folder / numbered(target.stem, number);
        if (::mkdir(folder.c_str(), 0777) == 0) return folder;
        if (errno != EEXIST) return cannot_write(folder.string());
    }
    return Error{ErrorKind::kInvalidOutput, "every name like it is taken", "output"};
}

/// Parts are written under a hidden name first: the folder appears complete.
Result<> publish_parts(
    const sandbox::Workspace& workspace,
    const std::vector<FileReady>& files,
    const fs::path& folder,
    const std::string& name
) {
    const auto hidden = workspace.path() / ".parts";
    if (::mkdir(hidden.c_str(), 0777) != 0) return cannot_write("the parts' folder");
    const auto mode = usual_mode(workspace);
    bool has_parts = false;
    for (const auto& file : files) {
        if (file.is_main) continue;
        has_parts = true;
        TRY(settle(workspace, file.name, mode));
        const auto from = workspace.path() / file.name;
        if (::rename(from.c_str(), (hidden / file.name).c_str()) != 0) {
            return cannot_write(file.name);
        }
    }
    if (!has_parts) return {};
    TRY(sync_folder(hidden));
    if (::rename(hidden.c_str(), (folder / name).c_str()) != 0) return cannot_write(name);
    return {};
}

/// The last part of a path or URL without query and extension, as a file name.
std::string stem_of(std::string_view input) {
    const bool is_url = input.find("://") != std::string_view::npos;
    if (is_url) input = input.substr(0, input.find_first_of("?#"));
    const auto path = path_of(input);
    std::string_view name = path;
    while (name.ends_with('/')) name.remove_suffix(1);
    name = name.substr(name.rfind('/') + 1);
    const auto extension = extension_in(name);
    if (!extension.empty()) name.remove_suffix(extension.size() + 1);
    return sandbox::is_flat_name(name) ? std::string(name) : "output";
}

Result<> check_folder(const fs::path& folder) {
    std::error_code code;
    const auto shown = folder.string();
    if (!fs::is_directory(folder, code)) {
        return Error{
            ErrorKind::kInvalidOutput,
            fmt::format("the folder {} does not exist; make it first", shown), "output"
        };
    }
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
    return Error{
        ErrorKind::kInvalidOutput,
        fmt::format("you may not write in the folder {}; choose another with --output", shown),
        "output"
    };
}

}  // namespace

Result<Target> choose_target(
    std::string_view kind,
    std::string_view output,
    std::string_view input,
    std::string_view extension
) {
    std::error_code code;
    Target target;
    target.extension = extension;
    const fs::path path(path_of(output));
    const bool is_new_folder = output.ends_with('/') && !fs::exists(path, code);
    if (is_new_folder && kind == "adaptive_video") {
        target.folder = fs::absolute(path, code).parent_path().parent_path();
        target.stem = path.parent_path().filename().string();
        target.has_own_folder = true;
    } else if (output.empty() || output.ends_with('/') || fs::is_directory(path, code)) {
        target.folder = output.empty() ? fs::current_path(code) : fs::absolute(path, code);
        target.stem = stem_of(input);
        target.has_own_folder = kind == "adaptive_video";
    } else {
        target.folder = fs::absolute(path, code).parent_path();
        target.stem = path.stem().string();
        target.extension = path.extension().string().substr(path.has_extension() ? 1 : 0);
        if (!path.has_extension()) target.extension = "";
        target.may_replace = true;
    }
    TRY(check_folder(target.folder));
    return target;
}

Result<fs::path> publish(
    const sandbox::Workspace& workspace,
    const std::vector<FileReady>& files,
    const Target& target,
    const std::string& parts_folder
) {
    const auto main = std::ranges::find(files, true, &FileReady::is_main);
    if (main == files.end()) return Error{ErrorKind::kOutputInvalid, "no output was made", ""};
    TRY(settle(workspace, main->name, usual_mode(workspace)));
    const auto extension = target.extension.empty() && !target.may_replace
                               ? std::string(extension_in(main->name))
                               : target.extension;
    Target place = target;
    if (target.has_own_folder) {
        place.folder = TRY(make_own_folder(target));
        place.stem = "master";
    }
    TRY(publish_parts(workspace, files, place.folder, parts_folder));
    auto path = TRY(move_main(workspace.path() / main->name, place, extension));
    TRY(sync_folder(place.folder));
    return path;
}

Result<fs::path> publish_copy(int descriptor, const Target& target) {
    const auto workspace = TRY(sandbox::Workspace::make(target.folder));
    const auto hidden = workspace.path() / "copy";
    const Fd copy(::open(hidden.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!copy) return cannot_write("the copy");
    off_t offset = 0;
    std::array<char, 1U << 16U> bytes{};
    for (;;) {
        const auto count = ::pread(descriptor, bytes.data(), bytes.size(), offset);
        if (count < 0) return cannot_write("the copy");
        if (count == 0) break;
        if (::write(copy.get(), bytes.data(), static_cast<std::size_t>(count)) != count) {
            return cannot_write("the copy");
        }
        offset += count;
    }
    TRY(sync(copy.get()));
    return TRY(move_main(hidden, target, target.extension));
}

std::string file_url(const fs::path& path) {
    std::error_code code;
    return "file://" + percent_encode(fs::absolute(path, code).lexically_normal().string(), true);
}

std::string path_of(std::string_view url_or_path) {
    constexpr std::string_view kScheme = "file://";
    if (!url_or_path.starts_with(kScheme)) return std::string(url_or_path);
    auto rest = url_or_path.substr(kScheme.size());
    if (rest.starts_with("localhost/")) rest.remove_prefix(9);
    return percent_decode(rest);
}

}  // namespace ittybit::work
