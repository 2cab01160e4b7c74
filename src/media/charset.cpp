#include "media/charset.h"

#include <array>
#include <cstddef>

#include "base/text.h"
#include "base/utf8.h"

namespace ittybit::media {
namespace {

constexpr char32_t kWrong = 0xFFFD;

/// What 0x80 to 0x9F stand for in Windows-1252; the rest is as in Latin-1.
constexpr std::array<char32_t, 32> kWindows = {
    0x20AC, kWrong, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, kWrong, 0x017D, kWrong, kWrong, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, kWrong, 0x017E, 0x0178,
};

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

std::string from_utf16(std::string_view bytes, bool is_little) {
    const auto unit = [&](std::size_t at) -> char32_t {
        const unsigned one = byte_at(bytes, at);
        const unsigned two = byte_at(bytes, at + 1);
        return is_little ? two << 8U | one : one << 8U | two;
    };
    std::string out;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        char32_t letter = unit(at);
        const bool is_high = letter >= 0xD800 && letter < 0xDC00;
        const char32_t low = is_high && at + 3 < bytes.size() ? unit(at + 2) : 0;
        if (low >= 0xDC00 && low < 0xE000) {
            letter = 0x10000 + ((letter - 0xD800) << 10U) + (low - 0xDC00);
            at += 2;
        } else if (letter >= 0xD800 && letter < 0xE000) {
            letter = kWrong;
        }
        append_utf8(out, letter);
    }
    return out;
}

std::string from_windows(std::string_view bytes) {
    std::string out;
    for (const char byte : bytes) {
        const auto letter = static_cast<unsigned char>(byte);
        const bool is_own = letter >= 0x80 && letter < 0xA0;
        append_utf8(out, is_own ? kWindows.at(letter - 0x80U) : letter);
    }
    return out;
}

/// Subtitles begin with ASCII: of UTF-16 every second byte is 0 there.
bool has_zeros(std::string_view bytes, std::size_t first) {
    return bytes.size() >= 4 && bytes[first] == 0 && bytes[first + 2] == 0 && bytes[1 - first] != 0;
}

/// Whether `text`, of which wrong bytes became U+FFFD, has more other letters beyond ASCII than
/// these: text that is coded otherwise hardly ever looks like one.
bool is_mostly_right(std::string_view text) {
    std::size_t right = 0;
    std::size_t wrong = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (byte_at(text, at) < 0xC0) continue;
        ++(text.substr(at, 3) == "\xEF\xBF\xBD" ? wrong : right);
    }
    return right > wrong;
}

Utf8 with_zeros(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) return {valid_utf8(bytes.substr(3))};
    if (bytes.starts_with("\xFF\xFE")) return {from_utf16(bytes.substr(2), true)};
    if (bytes.starts_with("\xFE\xFF")) return {from_utf16(bytes.substr(2), false)};
    if (has_zeros(bytes, 1)) return {from_utf16(bytes, true)};
    if (has_zeros(bytes, 0)) return {from_utf16(bytes, false)};
    auto text = valid_utf8(bytes);
    if (text == bytes || is_mostly_right(text)) return {std::move(text)};
    return {from_windows(bytes), true};
}

}  // namespace

Utf8 as_utf8(std::string_view bytes) {
    Utf8 read = with_zeros(bytes);
    read.has_lost_zeros = std::erase(read.text, '\0') > 0;
    return read;
}

}  // namespace ittybit::media
