#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace ittybit {

/// A time as people write it: "30d", "12h", "45m", "90s".
struct Duration {
    UnixMillis ms = 0;

    static Result<Duration> from_json(const json::value& value);
    json::value to_json_value() const;
    static json::object schema() {
        return {{"type", "string"}, {"pattern", "^[1-9][0-9]{0,4}[smhd]$"}};
    }
};

}  // namespace ittybit
