#include "cli/private_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace ittybit::cli {
namespace {

namespace fs = std::filesystem;

fs::path path_of_private(const std::string& name) {
    const char* const home = std::getenv("HOME");
    return fs::path(home != nullptr ? home : "") / ".ittybit" / name;
}

}  // namespace

std::string shown_path(const std::string& name) {
    return "~/.ittybit/" + name;
}

Result<std::string> read_private(const std::string& name) {
    const Fd file(::open(path_of_private(name).c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return text;
    std::array<char, 4096> piece{};
    ssize_t count = file ? 1 : -1;
    while (count > 0) {
        count = ::read(file.get(), piece.data(), piece.size());
        if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    }
    if (count == 0) return text;
    return Error{ErrorKind::kUnavailable, fmt::format("{} cannot be read", shown_path(name)), ""};
}

Result<> write_private(const std::string& name, const std::string& text) {
    const auto path = path_of_private(name);
    std::error_code code;
    fs::create_directories(path.parent_path(), code);
    const auto fresh = path.string() + ".new";
    ::unlink(fresh.c_str());
    const Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    const bool is_saved =
        file && std::cmp_equal(::write(file.get(), text.data(), text.size()), text.size()) &&
        ::fsync(file.get()) == 0 && std::rename(fresh.c_str(), path.c_str()) == 0;
    if (is_saved) return {};
    return Error{
        ErrorKind::kUnavailable, fmt::format("{} cannot be written", shown_path(name)), ""
    };
}

}  // namespace ittybit::cli
