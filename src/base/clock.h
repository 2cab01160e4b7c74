#pragma once

#include <chrono>
#include <cstdint>

namespace ittybit {

/// Wall-clock time as users see it: milliseconds since the Unix epoch.
using UnixMillis = std::int64_t;

/// Where now comes from. Passed in, so that tests decide what time it is.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    virtual UnixMillis now() const = 0;
};

class SystemClock : public Clock {
public:
    UnixMillis now() const override {
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }
};

}  // namespace ittybit
