#pragma once

#include <string>
#include <string_view>

namespace ittybit::tasks {

/// The BCP 47 tag of a language as media files name it: "eng" and "en" are "en", "chi" is "zh",
/// "pt-BR" stays. "und" for what is no language.
std::string language_tag(std::string_view code);

/// What the language of such a tag calls itself, "Deutsch" of "de" and "de-AT"; the tag itself
/// where that is not known here, "" of "und". In UTF-8.
std::string language_name(std::string_view tag);

/// The three letters for an MP4 media header: `code` if it has that form, else "und".
std::string language_letters(std::string_view code);

}  // namespace ittybit::tasks
