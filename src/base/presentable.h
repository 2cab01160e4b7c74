#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ittybit {

/// What strangers wrote, fit for a terminal, a log or a page: UTF-8 of at most `longest` bytes,
/// with a space for each control character (C0, DEL, C1, line separators) and without the marks
/// that turn the direction of what follows (Unicode's Bidi_Control).
std::string presentable(std::string_view text, std::size_t longest = 1000);

}  // namespace ittybit
