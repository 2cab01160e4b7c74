#include "base/bytes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

namespace ittybit {

Result<std::size_t> FileSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    for (;;) {
        const auto count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR)
            return Error{
                ErrorKind::kInternalError, std::string("read: ") + std::strerror(errno), ""
            };
    }
}

std::optional<std::uint64_t> FileSource::size() {
    struct stat status = {};
    if (::fstat(descriptor_, &status) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

Result<std::size_t> MemorySource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    if (offset >= bytes_.size()) return std::size_t{0};
    const auto count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
}

Result<std::size_t> read_full(ByteSource& source, std::uint64_t offset, std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        const auto count = TRY(source.read_at(offset + filled, out.subspan(filled)));
        if (count == 0) break;
        filled += count;
    }
    return filled;
}

Result<std::string> read_text(ByteSource& source, std::uint64_t offset, std::size_t length) {
    std::string text(length, '\0');
    const auto filled = TRY(read_full(source, offset, std::as_writable_bytes(std::span(text))));
    text.resize(filled);
    return text;
}

}  // namespace ittybit
