#pragma once

#include <string>

namespace ittybit {

/// Appends one code point up to U+10FFFF as UTF-8 (RFC 3629).
void append_utf8(std::string& text, char32_t letter);

}  // namespace ittybit
