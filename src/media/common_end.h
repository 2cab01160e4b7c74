#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "base/thread_safety.h"
#include "media/handles.h"
#include "media/sink.h"

namespace ittybit::media {

/// Where pictures and sounds that must cover the same time end, in frames of a constant rate; of
/// sounds alone, of any. Each tells its own end and waits for the others': all must have threads of
/// their own. Sound that is longer than pictures by no more than a frame changes nothing.
class CommonEnd {
public:
    /// Who will tell an end.
    struct Parties {
        bool has_pictures = true;
        std::size_t sounds = 1;
    };

    /// The end is a multiple of `grid` frames. Waiting ends early when `stop` is asked for.
    CommonEnd(AVRational fps, int grid, Parties parties, std::stop_token stop)
        : fps_(fps), grid_(grid), stop_(std::move(stop)), missing_(parties) {}

    std::int64_t after_pictures(std::int64_t frames);
    std::int64_t after_sound(std::int64_t samples, int sample_rate);

    AVRational fps() const { return fps_; }

private:
    std::int64_t settled();

    const AVRational fps_;
    const int grid_;
    const std::stop_token stop_;
    Mutex mutex_;
    Parties missing_ GUARDED_BY(mutex_);
    std::condition_variable_any told_;
    std::int64_t pictures_ GUARDED_BY(mutex_) = 0;  // frames
    std::int64_t sound_ GUARDED_BY(mutex_) = 0;     // frames of the longest, the last one begun
};

/// Where a soundtrack ends, of which nothing is made.
class SoundEnd : public Sink<Frame> {
public:
    explicit SoundEnd(CommonEnd& end) : end_(end) {}
    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    CommonEnd& end_;
    std::int64_t samples_ = 0;
    int rate_ = 0;
};

}  // namespace ittybit::media
