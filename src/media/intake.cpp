#include "media/intake.h"

#include <algorithm>
#include <limits>

namespace ittybit::media {
namespace {

/// Whether frames of VP9 are in company: an index behind them begins and ends with the same byte,
/// which tells how long it is (annex B of the bit stream specification).
bool is_superframe(const AVPacket& packet) {
    const std::uint8_t last = packet.data[packet.size - 1];
    const int frames = (last & 7) + 1;
    const int bytes_each = ((last >> 3) & 3) + 1;
    const int index = frames * bytes_each + 2;
    return (last & 0xE0) == 0xC0 && packet.size >= index &&
           packet.data[packet.size - index] == last;
}

/// Whether a frame of VP9 is shown (6.2): of a superframe one is.
bool is_shown_vp9(const AVPacket& packet) {
    if (is_superframe(packet)) return true;
    const std::uint8_t first = packet.data[0];
    const bool has_reserved_bit = (first & 0x30) == 0x30;  // profile 3
    const unsigned bits = has_reserved_bit ? first & 0x07U : (first >> 1U) & 0x07U;
    const bool is_repeated = (bits & 4U) != 0;
    return is_repeated || (bits & 1U) != 0;
}

constexpr double kLeastHole = 0.05;  // seconds; less is how times are rounded

/// Some packets carry what no picture shows: hidden reference frames of VP8 and VP9, the
/// placeholders behind packed B pictures of MPEG-4.
bool is_picture(const AVPacket& packet, AVCodecID codec) {
    constexpr int kPlaceholder = 8;  // bytes
    if (packet.size <= 0) return false;
    if (codec == AV_CODEC_ID_VP8) return (packet.data[0] & 0x10) != 0;
    if (codec == AV_CODEC_ID_VP9) return is_shown_vp9(packet);
    return codec != AV_CODEC_ID_MPEG4 || packet.size > kPlaceholder;
}

}  // namespace

void Intake::see(const AVPacket& packet) {
    const auto time = packet.pts != kNoTime ? packet.pts : packet.dts;
    if (time == kNoTime || (packet.flags & AV_PKT_FLAG_DISCARD) != 0) return;
    const auto index = static_cast<std::size_t>(packet.stream_index);
    if (index >= streams_.size()) streams_.resize(index + 1);
    const AVStream& stream = input_.stream(packet.stream_index);
    const double begin = input_.seconds(time, stream.time_base);
    const double end = begin + static_cast<double>(packet.duration) * av_q2d(stream.time_base);
    const double last = cut_.end.value_or(std::numeric_limits<double>::infinity());
    Stream& seen = streams_[index];
    const bool is_inside = begin >= cut_.start && begin < last;
    if (is_inside && is_picture(packet, stream.codecpar->codec_id)) ++seen.pictures;
    const bool is_sound = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (is_sound && is_inside && seen.seconds > 0 && begin > seen.end + kLeastHole)
        seen.holes += begin - std::max(seen.end, cut_.start);
    seen.seconds += std::max(0.0, std::min(end, last) - std::max(begin, cut_.start));
    seen.end = std::max(seen.end, std::min(end, last));
}

Intake::Stream Intake::of(int stream_index) const {
    const auto index = static_cast<std::size_t>(stream_index);
    return index < streams_.size() ? streams_[index] : Stream{};
}

}  // namespace ittybit::media
