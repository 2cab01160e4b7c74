#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace ittybit {

/// The word among `known` that `word` may have been meant to be: at most one letter in three is
/// missing, too many, another or swapped with the next. "" when none is that near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// "; the nearest is width", to be put behind a complaint; "" when none is near.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

/// ASCII only, whatever the locale.
std::string to_lower(std::string_view text);

/// Whether two words are the same but for the case of ASCII letters.
bool is_same_word(std::string_view one, std::string_view other);

/// The same text where it is UTF-8; each byte that is part of none becomes U+FFFD.
std::string valid_utf8(std::string_view text);

/// RFC 3986: everything but letters, digits and `-_.~` becomes %XX; `/` stays where `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);

/// %XX becomes the byte; a % that begins no escape stays.
std::string percent_decode(std::string_view text);

/// "a, b, c"
std::string join(std::span<const std::string> parts, std::string_view between = ", ");

/// The pieces between separators; an empty text has one empty piece.
std::vector<std::string> split(std::string_view text, char separator);

/// Without what `blanks` has at both ends.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t");

/// The number that all of a text is, in decimal; nothing where it is none, or does not fit.
template <std::integral Number>
std::optional<Number> whole_number(std::string_view text) {
    Number number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    return code == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace ittybit
