#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/thread_safety.h"
#include "work/slots.h"

namespace ittybit::work {

/// An input that brings less than this while it is waited for gives its job's slot to others.
struct SlowBound {
    std::int64_t bytes_per_second = 65'536;
    double seconds = 60;  // of waiting, before it is judged, and again
};

/// A job's waiting for its input. One thread at a time waits; `look` is for any.
class SlowInput {
public:
    /// How many bytes have come so far.
    using Bytes = std::function<std::int64_t()>;

    SlowInput(Slots::Hold& slot, SlowBound bound) : slot_(slot), bound_(bound) {}
    SlowInput(const SlowInput&) = delete;
    SlowInput& operator=(const SlowInput&) = delete;
    ~SlowInput() = default;

    /// Nothing but bytes is waited for until `end`, which returns once the slot is there again.
    void begin(Bytes bytes);
    void end(const std::stop_token& stop);

    /// Judges the input; to be called every few seconds.
    void look();

private:
    using Instant = std::chrono::steady_clock::time_point;
    void measure() REQUIRES(mutex_);

    Slots::Hold& slot_;
    const SlowBound bound_;
    Mutex mutex_;
    Bytes bytes_ GUARDED_BY(mutex_);  // while there is waiting
    Instant since_ GUARDED_BY(mutex_);
    std::int64_t before_ GUARDED_BY(mutex_) = 0;
    double waited_ GUARDED_BY(mutex_) = 0;      // seconds since the last judgement
    std::int64_t came_ GUARDED_BY(mutex_) = 0;  // bytes meanwhile
    bool is_slow_ GUARDED_BY(mutex_) = false;
};

}  // namespace ittybit::work
