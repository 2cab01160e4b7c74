#pragma once

#include "base/json.h"
#include "base/result.h"

namespace ittybit {

/// When a picture of a film is taken: in seconds, or where it tells something ("auto").
struct Moment {
    double seconds = 0;  // of "auto" 0, until somebody has looked
    bool is_auto = false;

    /// Reads `2.5` or `"auto"`. Errors: `invalid_options`.
    static Result<Moment> from_json(const json::value& value);
    json::value to_json_value() const;
    static json::object schema();
    bool operator==(const Moment&) const = default;
};

}  // namespace ittybit
