#include "media/common_end.h"

#include <algorithm>

namespace ittybit::media {

std::int64_t CommonEnd::after_pictures(std::int64_t frames) {
    {
        const MutexLock lock(mutex_);
        pictures_ = frames;
        missing_.has_pictures = false;
    }
    return settled();
}

std::int64_t CommonEnd::after_sound(std::int64_t samples, int sample_rate) {
    {
        const MutexLock lock(mutex_);
        const auto end = av_rescale_rnd(
            samples, fps_.num, std::int64_t{fps_.den} * std::max(sample_rate, 1), AV_ROUND_UP
        );
        sound_ = std::max(sound_, end);
        --missing_.sounds;
    }
    return settled();
}

std::int64_t CommonEnd::settled() {
    told_.notify_all();
    MutexLock lock(mutex_);
    told_.wait(lock, stop_, [this]() REQUIRES(mutex_) {
        return !missing_.has_pictures && missing_.sounds == 0;
    });
    const std::int64_t end = sound_ > pictures_ + 1 ? sound_ : pictures_;
    return (end + grid_ - 1) / grid_ * grid_;
}

Result<> SoundEnd::push(Frame frame) {
    if (frame->sample_rate != rate_ && rate_ > 0)
        samples_ = av_rescale(samples_, frame->sample_rate, rate_);
    rate_ = frame->sample_rate;
    samples_ += frame->nb_samples;
    return {};
}

Result<> SoundEnd::finish() {
    end_.after_sound(samples_, rate_);
    return {};
}

}  // namespace ittybit::media
