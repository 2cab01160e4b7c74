#include "media/common_end.h"

#include <algorithm>

namespace ittybit::media {

void CommonEnd::expect_no_sound() {
    const MutexLock lock(mutex_);
    sound_ = 0;
}

std::int64_t CommonEnd::after_pictures(std::int64_t frames) {
    {
        const MutexLock lock(mutex_);
        pictures_ = frames;
    }
    return settled();
}

std::int64_t CommonEnd::after_sound(std::int64_t samples, int sample_rate) {
    {
        const MutexLock lock(mutex_);
        sound_ = av_rescale_rnd(
            samples, fps_.num, std::int64_t{fps_.den} * std::max(sample_rate, 1), AV_ROUND_UP
        );
    }
    return settled();
}

std::int64_t CommonEnd::settled() {
    told_.notify_all();
    MutexLock lock(mutex_);
    told_.wait(lock, stop_, [this]() REQUIRES(mutex_) { return pictures_ && sound_; });
    const std::int64_t pictures = pictures_.value_or(0);
    const std::int64_t sound = sound_.value_or(0);
    const std::int64_t end = sound > pictures + 1 ? sound : pictures;
    return (end + grid_ - 1) / grid_ * grid_;
}

}  // namespace ittybit::media
