#include "base/duration.h"

#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace ittybit {

Result<Duration> Duration::from_json(const json::value& value) {
    const std::string text(value.is_string() ? std::string_view(value.get_string()) : "");
    UnixMillis number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    UnixMillis factor = 0;
    if (unit == "s") factor = 1000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    if (code == std::errc() && factor > 0 && number > 0 && number < 100'000) {
        return Duration{number * factor};
    }
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("must be a time like 30d, 12h, 45m or 90s, not {}", compact_json(value)), ""
    };
}

json::value Duration::to_json_value() const {
    if (ms % 86'400'000 == 0) return json::value(fmt::format("{}d", ms / 86'400'000));
    if (ms % 3'600'000 == 0) return json::value(fmt::format("{}h", ms / 3'600'000));
    if (ms % 60'000 == 0) return json::value(fmt::format("{}m", ms / 60'000));
    return json::value(fmt::format("{}s", ms / 1000));
}

}  // namespace ittybit
