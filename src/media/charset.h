#pragma once

#include <string>
#include <string_view>

namespace ittybit::media {

/// Text as UTF-8, without a byte order mark and zeros, which end it for many readers.
struct Utf8 {
    std::string text;
    bool is_guessed = false;  // the bytes say nothing of how they are coded
    bool has_lost_zeros = false;
};

/// Reads text that is UTF-8 but for a few bytes, UTF-16 with a byte order mark or known by its
/// zeros, or else taken for Windows-1252, the most common of old codings (Latin-1 is a part of it).
/// What is wrong in it becomes U+FFFD.
Utf8 as_utf8(std::string_view bytes);

}  // namespace ittybit::media
