#include "work/write_through.h"

#include <cerrno>
#include <chrono>
#include <climits>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ready.h"
#include "work/target.h"

namespace ittybit::work {
namespace {

constexpr std::chrono::milliseconds kGlance{100};  // between two looks for a reader

/// A FIFO that nobody reads yet cannot be opened.
Result<Fd> open_stream(const std::string& name, const std::stop_token& stop) {
    if (name == kStandardOutput) return Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    while (!stop.stop_requested()) {
        Fd stream(::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (stream) return stream;
        if (errno != ENXIO && errno != EINTR) return cannot_write(name);
        std::this_thread::sleep_for(kGlance);
    }
    return Error{ErrorKind::kCancelled, fmt::format("nobody read {} yet", name), ""};
}

}  // namespace

Error cannot_write(std::string_view what) {
    const auto reason = std::system_category().message(errno);
    if (errno == ENOSPC || errno == EDQUOT) {
        return {ErrorKind::kDiskFull, fmt::format("there is no room for {}", what), "output"};
    }
    if (errno == EPIPE) {
        return {
            ErrorKind::kUploadFailed, fmt::format("whoever read {} left before its end", what),
            "output"
        };
    }
    return {
        ErrorKind::kInvalidOutput, fmt::format("{} cannot be written: {}", what, reason), "output"
    };
}

Result<> write_bytes(std::span<const std::byte> bytes, int to, const std::stop_token& stop) {
    while (!bytes.empty()) {
        TRY(wait_until_ready(to, POLLOUT, stop));
        const auto count = ::write(to, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR && errno != EAGAIN) return cannot_write("the output");
        if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<> write_all(int from, int to, const std::stop_token& stop) {
    struct stat facts{};
    const bool is_file = ::fstat(to, &facts) == 0 && S_ISREG(facts.st_mode);
    // A pipe that can take something can take this much.
    std::vector<std::byte> bytes(is_file ? 1U << 16U : PIPE_BUF);
    for (off_t offset = 0;;) {
        const auto count = ::pread(from, bytes.data(), bytes.size(), offset);
        if (count < 0) return cannot_write("the output");
        if (count == 0) return {};
        TRY(write_bytes(std::span(bytes).first(static_cast<std::size_t>(count)), to, stop));
        offset += count;
    }
}

Result<std::filesystem::path> write_through(
    int from, const std::string& stream, const std::stop_token& stop
) {
    const Fd to = TRY(open_stream(stream, stop));
    TRY(write_all(from, to.get(), stop));
    return std::filesystem::path(stream == kStandardOutput ? "/dev/stdout" : stream);
}

}  // namespace ittybit::work
