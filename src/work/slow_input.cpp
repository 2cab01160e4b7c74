#include "work/slow_input.h"

#include <utility>

namespace ittybit::work {

void SlowInput::begin(Bytes bytes) {
    const MutexLock lock(mutex_);
    bytes_ = std::move(bytes);
    since_ = std::chrono::steady_clock::now();
    before_ = bytes_();
}

void SlowInput::end(const std::stop_token& stop) {
    {
        const MutexLock lock(mutex_);
        measure();
        bytes_ = {};
    }
    slot_.take_back(stop);
}

void SlowInput::look() {
    const MutexLock lock(mutex_);
    if (!bytes_) return;
    measure();
    if (is_slow_) slot_.lend();
}

void SlowInput::measure() {
    const auto now = std::chrono::steady_clock::now();
    const auto bytes = bytes_();
    waited_ += std::chrono::duration<double>(now - since_).count();
    came_ += bytes - before_;
    since_ = now;
    before_ = bytes;
    if (waited_ < bound_.seconds) return;
    is_slow_ = static_cast<double>(came_) < waited_ * static_cast<double>(bound_.bytes_per_second);
    waited_ = 0;
    came_ = 0;
}

}  // namespace ittybit::work
