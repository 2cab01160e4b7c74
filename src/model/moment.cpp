#include "model/moment.h"

#include <string_view>

#include <fmt/format.h>

namespace ittybit {
namespace {

constexpr std::string_view kAuto = "auto";

}  // namespace

Result<Moment> Moment::from_json(const json::value& value) {
    if (value.is_number()) return Moment{.seconds = value.to_number<double>()};
    if (value.is_string() && value.get_string() == kAuto) return Moment{.is_auto = true};
    return Error{
        ErrorKind::kInvalidOptions,
        fmt::format("must be seconds or \"auto\", not {}", compact_json(value)), ""
    };
}

json::value Moment::to_json_value() const {
    return is_auto ? json::value(kAuto) : json::value(seconds);
}

json::object Moment::schema() {
    // `minimum` and `maximum` of the option's row bound the number.
    return {{"type", json::array{"number", "string"}}, {"pattern", "^auto$"}};
}

}  // namespace ittybit
