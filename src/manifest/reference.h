#pragma once

#include <string>
#include <string_view>

namespace ittybit::manifest {

/// What a reference in the document at `base` refers to, both absolute afterwards (RFC 3986, 5.2).
/// Without its fragment.
std::string resolve(std::string_view base, std::string_view reference);

/// Whether only characters are used that a URI or relative reference may have (RFC 3986, 2).
bool is_uri(std::string_view text);

/// Whether a language is written as BCP 47 does: "en", "zh-Hant-TW", "und", "x-klingon".
bool is_language_tag(std::string_view text);

}  // namespace ittybit::manifest
