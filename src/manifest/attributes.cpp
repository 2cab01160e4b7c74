#include "manifest/attributes.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kMostAttributes = 200;

bool is_name_letter(char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '-';
}

/// The pieces between commas that are not in quotes.
std::vector<std::string_view> pieces_of(std::string_view text) {
    std::vector<std::string_view> pieces;
    bool is_quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '"') is_quoted = !is_quoted;
        if (i < text.size() && (text[i] != ',' || is_quoted)) continue;
        pieces.push_back(text.substr(begin, i - begin));
        begin = i + 1;
        if (pieces.size() == kMostAttributes) break;
    }
    return pieces;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    const auto number = read_integer(text.substr(at, count));
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// "Z", "+01:00", "+0100" or "+01" as seconds; UTC where there is nothing.
std::optional<double> read_zone(std::string_view text) {
    if (text == "Z" || text.empty()) return 0;
    if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const bool has_colon = text.size() > 3 && text[3] == ':';
    const auto hours = digits(text, 1, 2);
    const auto minutes = text.size() == 3 ? 0 : digits(text, has_colon ? 4 : 3, 2);
    if (!hours || !minutes || text.size() > (has_colon ? 6U : 5U)) return std::nullopt;
    return (text[0] == '-' ? -60.0 : 60.0) * (*hours * 60 + *minutes);
}

}  // namespace

Attributes Attributes::read(std::string_view text, const Place& place, Report& report) {
    Attributes read;
    for (const auto piece : pieces_of(text)) {
        const auto equals = piece.find('=');
        const auto name = piece.substr(0, equals);
        const bool has_name = equals != std::string_view::npos && !name.empty() &&
                              std::ranges::all_of(name, is_name_letter);
        if (!has_name) {
            report.add(
                rule("attribute-list"), place, fmt::format("\"{}\" is no NAME=value", piece)
            );
            continue;
        }
        Attribute attribute{std::string(name), std::string(piece.substr(equals + 1)), false};
        auto& value = attribute.value;
        attribute.is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
        if (attribute.is_quoted) value = value.substr(1, value.size() - 2);
        const bool is_formed =
            value.find('"') == std::string::npos &&
            (attribute.is_quoted ||
             (!value.empty() && value.find_first_of(" \t") == std::string::npos));
        report.expect(
            is_formed, rule("attribute-list"), place,
            fmt::format("the value of {} is not in the form of any", name)
        );
        if (report.expect(
                !read.has(name), rule("attribute-once"), place,
                fmt::format("{} is there twice", name)
            ))
            read.all_.push_back(std::move(attribute));
    }
    return read;
}

const Attribute* Attributes::find(std::string_view name) const {
    const auto found = std::ranges::find(all_, name, &Attribute::name);
    return found == all_.end() ? nullptr : &*found;
}

const std::string& Attributes::value(std::string_view name) const {
    static const std::string kNothing;
    const auto* found = find(name);
    return found == nullptr ? kNothing : found->value;
}

std::optional<std::int64_t> Attributes::integer(std::string_view name) const {
    return read_integer(value(name));
}

std::optional<double> Attributes::number(std::string_view name) const {
    return read_number(value(name), /*may_be_negative=*/true);
}

std::optional<std::int64_t> read_integer(std::string_view text) {
    return text.starts_with('-') ? std::nullopt : whole_number<std::int64_t>(text);
}

std::optional<double> read_number(std::string_view text, bool may_be_negative) {
    if (may_be_negative && text.starts_with('-')) {
        const auto positive = read_number(text.substr(1));
        return positive ? std::optional(-*positive) : std::nullopt;
    }
    const bool is_plain = std::ranges::all_of(text, [](char letter) {
        return (letter >= '0' && letter <= '9') || letter == '.';
    });
    if (!is_plain || text.size() > 40 || std::ranges::count(text, '.') > 1) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Resolution> read_resolution(std::string_view text) {
    const auto cross = text.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    const auto width = read_integer(text.substr(0, cross));
    const auto height = read_integer(text.substr(cross + 1));
    if (!width || !height || *width == 0 || *height == 0) return std::nullopt;
    return Resolution{*width, *height};
}

std::optional<double> read_date(std::string_view text) {
    using namespace std::chrono;
    const auto y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), s = digits(text, 17, 2);
    if (!y || !m || !d || !hour || !minute || !s) return std::nullopt;
    const bool is_formed =
        text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' && text[16] == ':';
    const year_month_day date{
        year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))
    };
    if (!is_formed || !date.ok() || *hour > 24 || *minute > 59 || *s > 60) return std::nullopt;
    const auto behind = std::min(text.find_first_not_of("0123456789.", 19), text.size());
    const auto fraction = behind == 19 ? 0 : read_number(text.substr(19, behind - 19));
    const auto zone = read_zone(text.substr(behind));
    if (!fraction || !zone) return std::nullopt;
    const double days = static_cast<double>(sys_days(date).time_since_epoch().count());
    return days * 86400 + *hour * 3600 + *minute * 60 + *s + *fraction - *zone;
}

bool has_zone(std::string_view date) {
    return date.find_first_of("Z+-", std::string_view("2026-11-28T").size()) != date.npos;
}

}  // namespace ittybit::manifest
