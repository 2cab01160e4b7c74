#include "media/copying.h"

#include <algorithm>

#include "media/programs.h"

namespace ittybit::media {

Result<> Copying::push(Packet packet) {
    if (coding_ == AV_CODEC_ID_NONE) coding_ = told_coding(*packet);
    if (told_coding(*packet) != coding_) return {};  // what is missing is counted
    const bool is_known = packet->dts != kNoTime;
    if (packet->pts == kNoTime) packet->pts = packet->dts;
    if (packet->pts == kNoTime) return {};
    waiting_.push_back(std::move(packet));
    return is_known ? release() : Result<>();
}

/// The last one waiting has a decoding time; those before it come a packet's duration earlier each.
Result<> Copying::release() {
    for (std::size_t i = waiting_.size() - 1; i-- > 0;) {
        AVPacket& packet = *waiting_[i];
        packet.dts =
            std::min(packet.pts, waiting_[i + 1]->dts - std::max<std::int64_t>(packet.duration, 1));
    }
    for (Packet& packet : waiting_) TRY(pass_on(std::move(packet)));
    waiting_.clear();
    return {};
}

Result<> Copying::pass_on(Packet packet) {
    const auto origin = av_rescale_q(source_.origin_us, kMicroseconds, source_.time_base);
    packet->dts -= origin;
    packet->pts -= origin;
    if (last_dts_ != kNoTime) packet->dts = std::max(packet->dts, last_dts_ + 1);
    packet->pts = std::max(packet->pts, packet->dts);
    last_dts_ = packet->dts;
    packet->time_base = source_.time_base;
    // What an edit list hides stays hidden: the muxer writes one for samples before 0.
    packet->flags &= ~AV_PKT_FLAG_DISCARD;
    ++packets_;
    return next_.push(std::move(packet));
}

Result<> Copying::finish() {
    if (!waiting_.empty()) {
        waiting_.back()->dts = waiting_.back()->pts;
        TRY(release());
    }
    return next_.finish();
}

}  // namespace ittybit::media
