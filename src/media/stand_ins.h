#pragma once

#include <string>
#include <string_view>

/// Braces and backslashes of text that is not ASS. libav makes ASS of it, where they would be tags
/// and escapes: while it reads, letters that no text has (Unicode 23.7, noncharacters) stand in.
namespace ittybit::media {

/// Behind a backslash of ASS: that it is a letter. Nothing of it is seen (U+2060).
inline constexpr std::string_view kWordJoiner = "\xE2\x81\xA0";

/// Gives each a letter that stands in. SRT may have the tags of ASS and of MicroDVD, which libav
/// obeys or leaves out: they stay. No such format has escapes, but \N and \h are so common that
/// they are obeyed.
std::string with_stand_ins(std::string_view text, bool is_srt);

/// An event of ASS in which they are letters again.
std::string without_stand_ins(std::string_view event);

}  // namespace ittybit::media
