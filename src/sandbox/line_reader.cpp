#include "sandbox/line_reader.h"

#include <array>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "sandbox/passing.h"

namespace ittybit::sandbox {

std::optional<std::string> LineReader::next_line() {
    const auto newline = buffer_.find('\n', searched_);
    if (newline == std::string::npos) {
        searched_ = buffer_.size();
        return std::nullopt;
    }
    std::string line = buffer_.substr(0, newline);
    buffer_.erase(0, newline + 1);
    searched_ = 0;
    return line;
}

Result<LineReader::Received> LineReader::receive(std::vector<Fd>* descriptors) {
    std::array<char, 65536> bytes{};
    const auto count = receive_passing(socket_.get(), bytes, descriptors);
    if (count < 0) {
        const bool is_empty = errno == EAGAIN || errno == EWOULDBLOCK;
        return is_empty ? Received::kNothing : Received::kEnd;
    }
    if (count == 0) return Received::kEnd;
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    const bool has_line = buffer_.find('\n', searched_) != std::string::npos;
    if (has_line || buffer_.size() <= kLongestLine) return Received::kSome;
    return Error{ErrorKind::kTaskCrashed, "the media process sent a message without an end", ""};
}

namespace {

bool send_text(int socket, std::string_view text, std::span<const int> descriptors, int flags) {
    while (!text.empty()) {
        const auto count = send_passing(socket, text, descriptors, flags);
        if (count < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
        descriptors = {};
    }
    return true;
}

}  // namespace

bool send_all(int socket, std::string_view text) {
    return send_text(socket, text, {}, 0);
}

bool send_now(int socket, std::string_view text, std::span<const int> descriptors) {
    return send_text(socket, text, descriptors, MSG_DONTWAIT);
}

}  // namespace ittybit::sandbox
