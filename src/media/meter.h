#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "base/thread_safety.h"

namespace ittybit::media {

/// How far all outputs are. Any thread may tell it things; reports are at most four a second, never
/// go back, and come at least every 2 s while anything moves.
class Meter {
public:
    struct Reading {
        std::optional<double> percent;  // 0–100
        std::optional<double> speed;    // media seconds a second
        std::optional<double> eta_s;
    };
    using Report = std::function<void(const Reading&)>;

    /// `duration`: of the outputs, in seconds, when known.
    Meter(std::optional<double> duration, Report report);

    /// Announces one more output; its number.
    int add_output();

    /// An output has been written up to `seconds`.
    void written(int output, double seconds);

    /// Something moved, although nothing was written.
    void moved();

private:
    void report_if_due() REQUIRES(mutex_);

    const std::optional<double> duration_;
    const Report report_;
    const std::chrono::steady_clock::time_point begun_;
    Mutex mutex_;
    std::vector<double> written_ GUARDED_BY(mutex_);
    double percent_ GUARDED_BY(mutex_) = 0;
    std::chrono::steady_clock::time_point reported_ GUARDED_BY(mutex_);
};

}  // namespace ittybit::media
