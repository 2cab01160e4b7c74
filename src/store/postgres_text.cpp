#include "store/postgres_text.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace ittybit::store {
namespace {

constexpr std::string_view kMark = "\xEF\xA3\xBF";  // U+F8FF

bool is_plain(std::string_view text) {
    const auto is_ascii = [](char letter) {
        return static_cast<unsigned char>(letter) - 1U < 0x7FU;  // whether char is signed or not
    };
    if (std::ranges::all_of(text, is_ascii)) return true;
    const bool has_other = text.find('\0') != text.npos || text.find(kMark) != text.npos;
    return !has_other && valid_utf8(text) == text;
}

}  // namespace

std::string to_postgres(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    std::string out;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte > 0 && byte < 0x80) {
            out += letter;
        } else {
            out.append(kMark).append(to_hex({&byte, 1}));
        }
    }
    return out;
}

std::string from_postgres(std::string_view text) {
    std::string out;
    for (;;) {
        const auto mark = text.find(kMark);
        out += text.substr(0, mark);
        if (mark == text.npos) return out;
        text.remove_prefix(mark + kMark.size());
        unsigned char byte = 0;
        const auto digits = text.substr(0, 2);
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        out += static_cast<char>(byte);
        text.remove_prefix(digits.size());
    }
}

}  // namespace ittybit::store
