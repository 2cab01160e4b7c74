#include "storage/scratch.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace ittybit::storage {

Error write_error(const std::string& what) {
    if (errno == ENOSPC || errno == EDQUOT)
        return {"disk_full", "the disk is full; free some space and try again", ""};
    return {"internal_error", what + ": " + std::strerror(errno), ""};
}

Result<Scratch> Scratch::make(const std::string& folder) {
    std::string path = folder + "/scratch-XXXXXX";
    Scratch scratch;
    scratch.writer_ = Fd(::mkostemp(path.data(), O_CLOEXEC));
    if (!scratch.writer_) return write_error("a scratch file cannot be made");
    scratch.reader_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ::unlink(path.c_str());
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
