#include "base/presentable.h"

#include <cstdint>

#include "base/text.h"

namespace ittybit {
namespace {

/// The first character of text that is UTF-8, and how many bytes it has.
struct Character {
    std::uint32_t code = 0;
    std::size_t length = 1;
};

Character first_of(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    std::uint32_t code = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) code = code << 6U | (byte(i) & 0x3FU);
    return {code, length};
}

bool is_control(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

bool turns_direction(std::uint32_t code) {
    return code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string presentable(std::string_view text, std::size_t longest) {
    const std::string valid = valid_utf8(text.substr(0, longest + 4));
    std::string out;
    for (std::string_view rest = valid; !rest.empty();) {
        const auto [code, length] = first_of(rest);
        if (out.size() + length > longest) break;
        if (is_control(code)) {
            out += ' ';
        } else if (!turns_direction(code)) {
            out += rest.substr(0, length);
        }
        rest.remove_prefix(length);
    }
    return out;
}

}  // namespace ittybit
