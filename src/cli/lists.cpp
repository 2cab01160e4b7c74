#include "cli/lists.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::cli {
namespace {

std::optional<std::int64_t> number_at(const json::value& object, std::string_view name) {
    const auto* value = object.as_object().if_contains(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<std::int64_t>();
}

}  // namespace

std::string list_path(std::string_view path, const Filters& filters) {
    std::string query = fmt::format("{}?", path);
    for (const auto& [name, value] : filters) {
        if (!value.empty()) query += fmt::format("{}={}&", name, percent_encode(value));
    }
    query.pop_back();
    return query;
}

std::string created_text(const json::value& object, std::int64_t now) {
    const auto seconds = number_at(object, "created_at").value_or(0) / 1000;
    const auto then = fmt::localtime(static_cast<std::time_t>(seconds));
    const auto today = fmt::localtime(static_cast<std::time_t>(now));
    const bool is_today = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
    return is_today ? fmt::format("{:%H:%M}", then) : fmt::format("{:%b %d}", then);
}

std::string size_text(const json::value& object) {
    constexpr std::array kUnits = {"B", "KB", "MB", "GB", "TB", "PB"};
    const auto size = number_at(object, "size");
    if (!size) return "–";
    auto count = static_cast<double>(*size);
    std::size_t unit = 0;
    for (; count >= 999.5 && unit + 1 < kUnits.size(); ++unit) count /= 1000;
    return fmt::format("{:.{}f} {}", count, unit > 0 && count < 9.95 ? 1 : 0, kUnits.at(unit));
}

std::size_t room_behind(std::string_view line, int columns) {
    const auto width = static_cast<std::size_t>(std::max(columns, 0));
    return width > line.size() + 10 ? width - line.size() : 10;
}

std::string end_of(std::string_view text, std::size_t width) {
    if (text.size() <= width) return std::string(text);
    auto from = text.size() - width + 1;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
    return fmt::format("…{}", text.substr(from));
}

}  // namespace ittybit::cli
