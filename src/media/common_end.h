#pragma once

#include <condition_variable>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "base/thread_safety.h"
#include "media/handles.h"

namespace ittybit::media {

/// Where a picture and a sound that must cover the same time end, in frames of a constant rate.
/// Each tells its own end and waits for the other's: both must have threads of their own. Sound
/// that is longer by no more than a frame changes nothing.
class CommonEnd {
public:
    /// The end is a multiple of `grid` frames. Waiting ends early when `stop` is asked for.
    CommonEnd(AVRational fps, int grid, std::stop_token stop)
        : fps_(fps), grid_(grid), stop_(std::move(stop)) {}

    /// Only pictures will come.
    void expect_no_sound();

    std::int64_t after_pictures(std::int64_t frames);
    std::int64_t after_sound(std::int64_t samples, int sample_rate);

    AVRational fps() const { return fps_; }

private:
    std::int64_t settled();

    const AVRational fps_;
    const int grid_;
    const std::stop_token stop_;
    Mutex mutex_;
    std::condition_variable_any told_;
    std::optional<std::int64_t> pictures_ GUARDED_BY(mutex_);  // frames
    std::optional<std::int64_t> sound_ GUARDED_BY(mutex_);     // frames, the last one begun
};

}  // namespace ittybit::media
