#include "work/managed.h"

#include <algorithm>

#include <fmt/format.h>

namespace ittybit::work {
namespace {

constexpr std::size_t kIdLength = 32;
constexpr std::string_view kFolder = "/files/";

bool is_plain(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

}  // namespace

std::string managed_key(const ManagedName& file) {
    return fmt::format("files/{}/{}", file.id, file.name);
}

std::string managed_url(std::string_view public_url, const ManagedName& file) {
    // Names are made by safe_name, so nothing in them needs escaping.
    return fmt::format("{}{}{}/{}", public_url, kFolder, file.id, file.name);
}

std::optional<ManagedName> find_managed(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    auto path = url.substr(scheme + 3);
    path = path.substr(0, path.find_first_of("?#"));
    const auto start = path.find(kFolder);
    if (start == std::string_view::npos) return std::nullopt;
    const auto rest = path.substr(start + kFolder.size());
    if (rest.size() < kIdLength + 2 || rest[kIdLength] != '/') return std::nullopt;
    const auto id = rest.substr(0, kIdLength);
    if (id.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
    const auto name = rest.substr(kIdLength + 1);
    if (!std::ranges::all_of(name, [](char letter) { return is_plain(letter) || letter == '/'; })) {
        return std::nullopt;
    }
    return ManagedName{std::string(id), std::string(name)};
}

std::string safe_name(std::string_view wanted) {
    constexpr std::size_t kLongest = 100;
    const auto slash = wanted.find_last_of("/\\");
    if (slash != std::string_view::npos) wanted = wanted.substr(slash + 1);
    std::string name;
    for (const char letter : wanted) {
        name += is_plain(letter) ? letter : '_';
    }
    name.erase(0, name.find_first_not_of("._"));
    if (name.size() > kLongest) name.erase(0, name.size() - kLongest);
    return name.empty() ? "file" : name;
}

}  // namespace ittybit::work
