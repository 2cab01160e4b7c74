#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The fonts that subtitles are drawn with: Noto, one for each script, as Debian installs them.
namespace ittybit::media {

/// That of Latin, Greek and Cyrillic, and of what no other has.
inline constexpr std::string_view kPlainFont = "Noto Sans";

/// How Chinese characters, which differ from land to land, are drawn.
enum class HanStyle { kJapanese, kKorean, kChinese };

/// The family for a letter; "" for one that goes with any (spaces, digits, marks).
std::string_view family_for(char32_t letter, HanStyle han);

/// Per cent by which a family is drawn larger, so that its letters look as large as the plain
/// font's: some have much room for marks.
int scale_of(std::string_view family);

/// Which style a text is written for, by the letters that only one language has.
HanStyle han_style_of(std::u32string_view text);

/// Maps the files of all fonts that are installed: a child, which has no file system, inherits
/// them. What is not read costs no memory.
void map_fonts();

/// The files of a family, regular and bold; none when it is not installed.
struct FontBytes {
    std::string name;
    std::span<const char> bytes;
};
std::vector<FontBytes> font_files(std::string_view family);

}  // namespace ittybit::media
