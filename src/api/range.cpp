#include "api/range.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace ittybit::api {
namespace {

/// A number of any length: what is beyond every file is as good as the largest.
std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    const auto code = std::from_chars(text.data(), text.data() + text.size(), value).ec;
    if (code == std::errc::result_out_of_range) return std::numeric_limits<std::int64_t>::max();
    return value;
}

}  // namespace

std::optional<Wanted> read_range(std::string_view header, std::int64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    if (!is_same_word(header.substr(0, kUnit.size()), kUnit)) return std::nullopt;
    header.remove_prefix(kUnit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) {
        return std::nullopt;
    }
    const auto first = number(header.substr(0, dash));
    const auto last = number(header.substr(dash + 1));
    if (dash == 0) {
        if (!last) return std::nullopt;
        return Wanted{*last == 0 ? size : std::max<std::int64_t>(0, size - *last), size};
    }
    if (!first || (!last && dash + 1 < header.size())) return std::nullopt;
    if (last && *last < *first) return std::nullopt;
    return Wanted{*first, last ? std::min(*last, size - 1) + 1 : size};
}

}  // namespace ittybit::api
