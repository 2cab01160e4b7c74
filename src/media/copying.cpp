#include "media/copying.h"

#include <algorithm>

namespace ittybit::media {

Result<> Copying::push(Packet packet) {
    const auto origin = av_rescale_q(source_.origin_us, kMicroseconds, source_.time_base);
    if (packet->dts == kNoTime) packet->dts = packet->pts;
    if (packet->pts == kNoTime) packet->pts = packet->dts;
    if (packet->dts == kNoTime) return {};
    packet->dts -= origin;
    packet->pts -= origin;
    if (last_dts_ != kNoTime) packet->dts = std::max(packet->dts, last_dts_ + 1);
    packet->pts = std::max(packet->pts, packet->dts);
    last_dts_ = packet->dts;
    packet->time_base = source_.time_base;
    // What an edit list hides stays hidden: the muxer writes one for samples before 0.
    packet->flags &= ~AV_PKT_FLAG_DISCARD;
    return next_.push(std::move(packet));
}

}  // namespace ittybit::media
