#pragma once

#include <string>
#include <string_view>

namespace ittybit::store {

/// The same text as PostgreSQL can hold it, which knows only UTF-8 without NUL: other bytes become
/// U+F8FF and two hexadecimal digits, and so does that character itself. Different texts stay
/// different. (Where one byte of a text is so, all its bytes above 7F are.)
std::string to_postgres(std::string_view text);

/// What was written so.
std::string from_postgres(std::string_view text);

}  // namespace ittybit::store
