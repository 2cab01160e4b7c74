#pragma once

#include <string_view>

namespace ittybit::manifest {

/// The two letters that BCP 47 prefers for a code of three (ISO 639-2 or -3, lower case); "" where
/// there are none.
std::string_view two_letters_for(std::string_view three);

/// Whether these two letters are the code of a language (ISO 639-1, lower case).
bool is_two_letter_language(std::string_view two);

}  // namespace ittybit::manifest
