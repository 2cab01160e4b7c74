#include "model/geometry.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit {
namespace {

Error wrong(std::string message) {
    return {ErrorKind::kInvalidOptions, std::move(message), ""};
}

Result<Length> parse_percentage(const json::value& value) {
    const std::string_view text = value.get_string();
    Length length{.value = 0, .is_percent = true};
    const auto* last = text.data() + text.size();
    const auto [end, code] = std::from_chars(text.data(), last, length.value);
    const bool is_whole = code == std::errc() && end + 1 == last && *end == '%';
    if (!is_whole)
        return wrong(
            fmt::format("must be pixels or a percentage like \"50%\", not {}", compact_json(value))
        );
    if (length.value > 0 && length.value <= 1000) return length;
    return wrong(fmt::format("must be above 0% and at most 1000%, not {}", compact_json(value)));
}

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

}  // namespace

Result<Length> Length::from_json(const json::value& value) {
    if (value.is_string()) return parse_percentage(value);
    if (!value.is_number())
        return wrong(
            fmt::format("must be pixels or a percentage like \"50%\", not {}", compact_json(value))
        );
    const double pixels = value.to_number<double>();
    if (pixels != std::floor(pixels))
        return wrong(fmt::format("must be a whole number of pixels, not {}", compact_json(value)));
    return Length{.value = pixels, .is_percent = false};
}

json::value Length::to_json_value() const {
    if (is_percent) return json::string(number_text(value) + "%");
    return static_cast<std::int64_t>(value);
}

json::object Length::schema() {
    // `minimum` and `maximum` of the option's row bound the number, JSON Schema lets strings pass
    // them.
    return {{"type", json::array{"integer", "string"}}, {"pattern", "^[0-9]+(\\.[0-9]+)?%$"}};
}

int Length::pixels(int of) const {
    return std::max(1, static_cast<int>(std::lround(is_percent ? of * value / 100 : value)));
}

Result<Colour> Colour::from_json(const json::value& value) {
    const auto refuse = [&] {
        return wrong(fmt::format("must be #rgb, #rrggbb or #rrggbbaa, not {}", compact_json(value))
        );
    };
    if (!value.is_string()) return refuse();
    const std::string_view text = value.get_string();
    const bool is_short = text.size() == 4;
    if (text.empty() || text[0] != '#' || (!is_short && text.size() != 7 && text.size() != 9))
        return refuse();
    std::array<std::uint8_t, 4> parts{0, 0, 0, 255};
    const std::size_t width = is_short ? 1 : 2;
    for (std::size_t i = 0; 1 + i * width < text.size(); ++i) {
        const int high = hex_digit(text[1 + i * width]);
        const int low = hex_digit(text[width + i * width]);
        if (high < 0 || low < 0) return refuse();
        parts.at(i) = static_cast<std::uint8_t>(high * 16 + low);
    }
    return Colour{parts[0], parts[1], parts[2], parts[3]};
}

json::value Colour::to_json_value() const {
    std::string text = fmt::format("#{:02x}{:02x}{:02x}", red, green, blue);
    if (alpha != 255) text += fmt::format("{:02x}", alpha);
    return json::string(text);
}

json::object Colour::schema() {
    return {{"type", "string"}, {"pattern", "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$"}};
}

}  // namespace ittybit
