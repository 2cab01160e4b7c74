#include "cli/ask.h"

#include <iostream>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

namespace ittybit::cli {

std::string ask_secret(const std::string& question) {
    std::string answer;
    termios usual{};
    const bool is_terminal = ::tcgetattr(STDIN_FILENO, &usual) == 0;
    if (is_terminal) {
        auto silent = usual;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        fmt::print(stderr, "{}: ", question);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    std::getline(std::cin, answer);
    if (is_terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
        fmt::print(stderr, "\n");
    }
    return answer;
}

}  // namespace ittybit::cli
