#include "work/publish.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "model/output_name.h"
#include "work/write_through.h"

namespace ittybit::work {
namespace {

namespace fs = std::filesystem;

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

/// A name that stands for something else than a file by now is not ours to take.
Result<> check_replaceable(const fs::path& path) {
    struct stat facts{};
    if (::lstat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode)) return {};
    return Error{
        ErrorKind::kInvalidOutput, fmt::format("{} is no regular file any more", path.string()),
        "output"
    };
}

/// Moves a finished file to the target's name, or the next free one.
Result<fs::path> move_main(const fs::path& from, const Target& target) {
    const auto dotted = target.extension.empty() ? std::string() : "." + target.extension;
    if (target.may_replace) {
        const auto to = target.folder / (target.stem + dotted);
        TRY(check_replaceable(to));
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

/// Moves files into a folder under a hidden name, which so appears complete as `folder`: there may
/// be an empty one.
Result<> publish_folder(
    const sandbox::Workspace& workspace, const std::vector<FileReady>& files, const fs::path& folder
) {
    const auto hidden = workspace.path() / ".parts";
    if (::mkdir(hidden.c_str(), 0777) != 0) return cannot_write("the parts' folder");
    const auto mode = usual_mode(workspace);
    for (const auto& file : files) {
        TRY(settle(workspace, file.name, mode));
        const auto from = workspace.path() / file.name;
        if (::rename(from.c_str(), (hidden / file.name).c_str()) != 0) {
            return cannot_write(file.name);
        }
    }
    TRY(sync_folder(hidden));
    if (::rename(hidden.c_str(), folder.c_str()) != 0) return cannot_write(folder.string());
    return {};
}

/// Subtitles lie beside the main file, under its name: players look for them there. They never
/// replace a file: it may be the one that they were made of.
Result<> publish_subtitles(
    const sandbox::Workspace& workspace, const std::vector<FileReady>& files, const fs::path& main
) {
    const std::string name(kSubtitleFile);
    if (std::ranges::find(files, name, &FileReady::name) == files.end()) return {};
    TRY(settle(workspace, name, usual_mode(workspace)));
    const Target target{.folder = main.parent_path(), .stem = main.stem(), .extension = "vtt"};
    TRY(move_main(workspace.path() / name, target));
    return {};
}

/// Whether a file gets from one folder to the other by rename.
bool is_same_disk(const fs::path& one, const fs::path& other) {
    struct stat first{};
    struct stat second{};
    return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev;
}

/// The files in a workspace on the disk of another folder.
Result<sandbox::Workspace> brought_to(
    const fs::path& folder,
    const sandbox::Workspace& workspace,
    const std::vector<FileReady>& files,
    const std::stop_token& stop
) {
    auto near = TRY(sandbox::Workspace::make(folder));
    for (const auto& file : files) {
        const Fd from = TRY(workspace.open_file(file.name));
        const auto path = near.path() / file.name;
        const Fd to(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!to) return cannot_write(path.string());
        TRY(write_all(from.get(), to.get(), stop));
    }
    return near;
}

}  // namespace

Result<fs::path> publish(
    const sandbox::Workspace& workspace,
    const std::vector<FileReady>& files,
    const Target& target,
    const std::string& parts_folder,
    const std::stop_token& stop
) {
    const auto main = std::ranges::find(files, true, &FileReady::is_main);
    if (main == files.end()) return Error{ErrorKind::kOutputInvalid, "no output was made", ""};
    if (!target.stream.empty()) {
        // Subtitles are in the main file too.
        const bool has_more = std::ranges::any_of(files, [](const FileReady& file) {
            return !file.is_main && file.name != kSubtitleFile;
        });
        if (has_more) {
            return Error{
                ErrorKind::kInvalidOutput,
                "the output is several files: give a folder, or a name in one", "output"
            };
        }
        const Fd file = TRY(workspace.open_file(main->name));
        return TRY(write_through(file.get(), target.stream, stop));
    }
    if (!is_same_disk(workspace.path(), target.folder)) {
        const auto near = TRY(brought_to(target.folder, workspace, files, stop));
        return publish(near, files, target, parts_folder, stop);
    }
    if (target.is_folder) {
        const auto folder = TRY(make_own_folder(target));
        TRY(publish_folder(workspace, files, folder));
        TRY(sync_folder(target.folder));
        return folder / main->name;
    }
    TRY(settle(workspace, main->name, usual_mode(workspace)));
    Target place = target;
    if (target.has_own_folder) {
        place.folder = TRY(make_own_folder(target));
        place.stem = "master";
    }
    std::vector<FileReady> parts;
    std::ranges::copy_if(files, std::back_inserter(parts), [](const FileReady& file) {
        return !file.is_main && file.name != kSubtitleFile;
    });
    if (!parts.empty()) TRY(publish_folder(workspace, parts, place.folder / parts_folder));
    auto path = TRY(move_main(workspace.path() / main->name, place));
    TRY(publish_subtitles(workspace, files, path));
    TRY(sync_folder(place.folder));
    return path;
}

Result<fs::path> publish_copy(int descriptor, const Target& target, const std::stop_token& stop) {
    if (!target.stream.empty()) return TRY(write_through(descriptor, target.stream, stop));
    const auto workspace = TRY(sandbox::Workspace::make(target.folder));
    const auto hidden = workspace.path() / "copy";
    const Fd copy(::open(hidden.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!copy) return cannot_write("the copy");
    TRY(write_all(descriptor, copy.get(), stop));
    TRY(sync(copy.get()));
    return TRY(move_main(hidden, target));
}

}  // namespace ittybit::work
