#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ittybit::sandbox {

/// The longest line that either side accepts: the facts of a file with hundreds of streams fit.
inline constexpr std::size_t kLongestLine = std::size_t{1} << 20U;

/// Lines from a stream socket, and the descriptors that came with them. Owns the socket.
class LineReader {
public:
    explicit LineReader(Fd socket) : socket_(std::move(socket)) {}

    /// A line already received, without its newline.
    std::optional<std::string> next_line();

    enum class Received { kSome, kNothing, kEnd };
    /// Receives once what is there (`kNothing` only from a non-blocking socket). Descriptors that
    /// were not asked for are closed by the kernel. Errors: `task_crashed` for a line too long.
    Result<Received> receive(std::vector<Fd>* descriptors = nullptr);

    int get() const { return socket_.get(); }
    explicit operator bool() const { return static_cast<bool>(socket_); }

private:
    Fd socket_;
    std::string buffer_;
    std::size_t searched_ = 0;
};

/// Writes all of `text`. False when the other end is gone.
bool send_all(int socket, std::string_view text);

/// The same without waiting, with descriptors beside the first byte: false, with errno (EAGAIN),
/// when not all of it finds room at once. What the other end then has is no whole line: the
/// conversation is over.
bool send_now(int socket, std::string_view text, std::span<const int> descriptors = {});

}  // namespace ittybit::sandbox
