#include "tasks/joined_picture.h"

#include <limits>
#include <utility>

namespace ittybit::tasks {

Result<> JoinedPicture::up_to(double seconds) {
    for (;;) {
        if (next_ == nullptr) next_ = TRY(reader_.next());
        if (next_ == nullptr) return {};
        const double at = static_cast<double>(next_->dts) * av_q2d(next_->time_base);
        if (at >= seconds) return {};
        has_any_ = true;
        TRY(track_.push(std::exchange(next_, nullptr)));
        moved_();
    }
}

Result<> JoinedPicture::finish() {
    TRY(up_to(std::numeric_limits<double>::infinity()));
    if (has_any_) return track_.finish();
    return Error{
        ErrorKind::kCorruptMedia, "no picture of the video could be decoded in the chosen part", ""
    };
}

}  // namespace ittybit::tasks
