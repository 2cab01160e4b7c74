#pragma once

#include <string>
#include <string_view>

namespace ittybit::tasks {

/// The BCP 47 tag of a language as media files name it: "eng" and "en" are "en", "chi" is "zh",
/// "pt-BR" stays. "und" for what is no language.
std::string language_tag(std::string_view code);

/// The three letters for an MP4 media header: `code` if it has that form, else "und".
std::string language_letters(std::string_view code);

}  // namespace ittybit::tasks
