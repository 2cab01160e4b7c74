#include "work/managed.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::work {
namespace {

constexpr std::size_t kIdLength = 32;
constexpr std::string_view kFolder = "/files/";

bool is_plain(unsigned char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

bool is_tail(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/// What steers how a text is shown instead of being part of it: C1 controls, marks and overrides of
/// direction, line ends. Joiners stay: emoji and several scripts are written with them.
bool is_unseemly(std::string_view letter) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kRanges = {{
        {"\u0080", "\u009F"},
        {"\u061C", "\u061C"},
        {"\u200E", "\u200F"},
        {"\u2028", "\u202E"},
        {"\u2066", "\u2069"},
        {"\uFEFF", "\uFEFF"},
    }};
    // Bytes of UTF-8 are in the order of what they stand for.
    return std::ranges::any_of(kRanges, [&](const auto& range) {
        return letter.size() == range.first.size() && letter >= range.first &&
               letter <= range.second;
    });
}

/// The same with `_` for each letter that is fit for no name.
std::string cleaned(std::string_view wanted) {
    const auto text = valid_utf8(wanted);
    std::string name;
    for (std::size_t at = 0; at < text.size();) {
        auto end = at + 1;
        while (end < text.size() && is_tail(static_cast<unsigned char>(text[end]))) ++end;
        const auto letter = std::string_view(text).substr(at, end - at);
        const bool stays = letter.size() == 1 ? is_plain(static_cast<unsigned char>(letter[0]))
                                              : !is_unseemly(letter);
        name += stays ? letter : "_";
        at = end;
    }
    return name;
}

/// The last bytes of a text, at most so many, whole characters only.
std::string_view end_of(std::string_view text, std::size_t most) {
    auto from = text.size() > most ? text.size() - most : 0;
    while (from < text.size() && is_tail(static_cast<unsigned char>(text[from]))) ++from;
    return text.substr(from);
}

}  // namespace

std::string managed_key(const ManagedName& file) {
    return fmt::format("files/{}/{}", file.id, file.name);
}

std::string managed_url(std::string_view public_url, const ManagedName& file) {
    return fmt::format("{}{}{}/{}", public_url, kFolder, file.id, percent_encode(file.name, true));
}

std::optional<ManagedName> find_managed(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    auto path = url.substr(scheme + 3);
    path = path.substr(0, path.find_first_of("?#"));
    const auto start = path.find(kFolder);
    if (start == std::string_view::npos) return std::nullopt;
    const auto rest = path.substr(start + kFolder.size());
    const auto slash = rest.find('/');
    const bool has_name = slash != std::string_view::npos && slash + 1 < rest.size();
    if (!has_name || slash < kIdLength) return std::nullopt;
    if (slash > kIdLength && rest[kIdLength] != '~') return std::nullopt;
    const auto id = rest.substr(0, kIdLength);
    if (id.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
    auto name = percent_decode(rest.substr(slash + 1));
    for (const auto& piece : split(name, '/')) {
        if (piece != cleaned(piece)) return std::nullopt;
    }
    return ManagedName{std::string(id), std::move(name)};
}

std::string unsigned_url(const std::string& url) {
    const auto file = find_managed(url);
    return file ? managed_url(url.substr(0, url.find(kFolder)), *file) : url;
}

std::string safe_name(std::string_view wanted) {
    constexpr std::size_t kLongest = 200;
    const auto slash = wanted.find_last_of("/\\");
    if (slash != std::string_view::npos) wanted = wanted.substr(slash + 1);
    auto name = cleaned(wanted);
    name.erase(0, name.find_first_not_of("._"));
    name = end_of(name, kLongest);
    name.erase(0, name.find_first_not_of("._"));
    return name.empty() ? "file" : name;
}

}  // namespace ittybit::work
