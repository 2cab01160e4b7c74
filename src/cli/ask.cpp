#include "cli/ask.h"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "base/ready.h"

namespace ittybit::cli {
namespace {

/// Up to where `is_enough`, or the end.
template <typename IsEnough>
Result<std::string> read_until(const IsEnough& is_enough, const std::stop_token& stop) {
    std::string text;
    std::array<char, 4096> piece{};
    while (!is_enough(text)) {
        TRY(wait_until_ready(STDIN_FILENO, POLLIN, stop));
        const auto count = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(count));
    }
    return text;
}

Result<std::string> read_line(const std::stop_token& stop) {
    const auto has_line = [](const std::string& text) {
        return text.find('\n') != std::string::npos;
    };
    auto text = TRY(read_until(has_line, stop));
    return text.substr(0, text.find('\n'));
}

}  // namespace

Result<std::string> read_standard_input(const std::stop_token& stop) {
    return read_until([](const std::string&) { return false; }, stop);
}

Result<std::string> ask_secret(const std::string& question, const std::stop_token& stop) {
    termios usual{};
    const bool is_terminal = ::tcgetattr(STDIN_FILENO, &usual) == 0;
    if (!is_terminal) return read_line(stop);
    auto silent = usual;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    fmt::print(stderr, "{}: ", question);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    auto answer = read_line(stop);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    fmt::print(stderr, "\n");
    return answer;
}

}  // namespace ittybit::cli
