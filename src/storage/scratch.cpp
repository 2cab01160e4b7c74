#include "storage/scratch.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace ittybit::storage {
namespace {

Fd make_nameless(const std::string& folder) {
    Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
    std::string path = folder + "/scratch-XXXXXX";  // not every file system can do without a name
    file = Fd(::mkostemp(path.data(), O_CLOEXEC));
    if (file) ::unlink(path.c_str());
    return file;
}

}  // namespace

Error write_error(const std::string& what) {
    if (errno == ENOSPC || errno == EDQUOT)
        return {ErrorKind::kDiskFull, "the disk is full; free some space and try again", ""};
    return {ErrorKind::kInternalError, what + ": " + std::strerror(errno), ""};
}

Result<Scratch> Scratch::make(const std::string& folder) {
    Scratch scratch;
    scratch.writer_ = make_nameless(folder);
    std::error_code code;
    if (!scratch.writer_ && errno == ENOENT && std::filesystem::create_directories(folder, code))
        scratch.writer_ = make_nameless(folder);
    if (!scratch.writer_) return write_error("a scratch file cannot be made");
    const auto path = "/proc/self/fd/" + std::to_string(scratch.writer_.get());
    scratch.reader_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!scratch.reader_) return write_error("a scratch file cannot be read");
    return scratch;
}

Result<> Scratch::write(std::int64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto count = ::pwrite(writer_.get(), bytes.data(), bytes.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return write_error("a scratch file cannot be written");
        offset += count;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<> Scratch::resize(std::int64_t size) {
    if (::ftruncate(writer_.get(), size) != 0)
        return write_error("a scratch file cannot be made as large as the input");
    return {};
}

bool Scratch::holds(std::int64_t offset, std::span<const std::byte> bytes) const {
    std::vector<std::byte> here(bytes.size());
    const auto count = ::pread(reader_.get(), here.data(), here.size(), offset);
    return count == static_cast<ssize_t>(bytes.size()) &&
           std::memcmp(here.data(), bytes.data(), bytes.size()) == 0;
}

}  // namespace ittybit::storage
