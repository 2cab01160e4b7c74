#include "base/hex.h"

#include "base/text.h"

namespace ittybit {

std::optional<std::string> from_hex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = kDigits.find(to_lower(text.substr(i, 1)));
        const auto low = kDigits.find(to_lower(text.substr(i + 1, 1)));
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        bytes += static_cast<char>(high << 4U | low);
    }
    return bytes;
}

}  // namespace ittybit
