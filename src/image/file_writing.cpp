#include "image/file_writing.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

namespace ittybit::image {

Error write_error(int reason) {
    if (reason == ENOSPC) return {ErrorKind::kDiskFull, "there is no room left for the output", ""};
    if (reason == EFBIG)
        return {
            ErrorKind::kLimitExceeded, "the output is larger than allowed", "",
            LimitReached{"output_bytes"}
        };
    return {
        ErrorKind::kEncodeFailed, fmt::format("write the output: {}", std::strerror(reason)), ""
    };
}

Result<> write_at(int descriptor, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count =
            ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return write_error(errno);
        offset += static_cast<std::uint64_t>(count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace ittybit::image
