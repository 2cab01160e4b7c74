#include "media/timeline.h"

#include <algorithm>
#include <limits>

#include "media/compat.h"
#include "media/stream.h"

namespace ittybit::media {
namespace {

constexpr double kLeastBitsPerSecond = 1000;  // below this a stated duration is not believed

std::int64_t in_us(std::int64_t time, const AVStream& stream) {
    return av_rescale_q(time, stream.time_base, kMicroseconds);
}

/// All ones is how ISO media says that it does not know.
bool is_known_duration(std::int64_t duration) {
    return duration != kNoTime && duration > 0 &&
           duration != std::numeric_limits<std::uint32_t>::max() &&
           duration != std::numeric_limits<std::int64_t>::max();
}

std::optional<double> stated_duration(const AVFormatContext& format, std::int64_t origin_us) {
    std::optional<std::int64_t> end;
    bool is_complete = true;
    for (unsigned i = 0; i < format.nb_streams; ++i) {
        const AVStream& stream = *format.streams[i];
        if (!is_timed(stream)) continue;
        if (!is_known_duration(stream.duration)) {
            is_complete = false;
            continue;
        }
        const auto start =
            stream.start_time == kNoTime ? origin_us : in_us(stream.start_time, stream);
        end = std::max(end.value_or(start), start + in_us(stream.duration, stream));
    }
    if (end && is_complete) return static_cast<double>(*end - origin_us) / AV_TIME_BASE;
    if (format.duration == kNoTime || format.duration <= 0) return std::nullopt;
    return static_cast<double>(format.duration) / AV_TIME_BASE;
}

}  // namespace

bool is_timed(const AVStream& stream) {
    const auto type = stream.codecpar->codec_type;
    return type == AVMEDIA_TYPE_AUDIO || (type == AVMEDIA_TYPE_VIDEO && !is_cover(stream));
}

Timeline stated_timeline(const AVFormatContext& format, std::optional<std::uint64_t> size) {
    std::optional<std::int64_t> origin;
    for (unsigned i = 0; i < format.nb_streams; ++i) {
        const AVStream& stream = *format.streams[i];
        if (!is_timed(stream) || stream.start_time == kNoTime) continue;
        const auto start = in_us(stream.start_time, stream);
        origin = std::min(origin.value_or(start), start);
    }
    Timeline found{.origin_us = origin.value_or(0), .duration = {}};
    if (format.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return found;
    found.duration = stated_duration(format, found.origin_us);
    const bool is_absurd = found.duration && size &&
                           static_cast<double>(*size) * 8 < kLeastBitsPerSecond * *found.duration;
    if (is_absurd) found.duration.reset();
    return found;
}

Result<Timeline> measured_timeline(Input& reader, std::int64_t origin_us) {
    std::optional<std::int64_t> end;
    for (;;) {
        const Packet packet = TRY(reader.read());
        if (packet == nullptr) break;
        const AVStream& stream = reader.stream(packet->stream_index);
        const auto time = packet->pts != kNoTime ? packet->pts : packet->dts;
        if (!is_timed(stream) || time == kNoTime) continue;
        if ((packet->flags & AV_PKT_FLAG_DISCARD) != 0) continue;
        const auto stop = in_us(time + std::max<std::int64_t>(packet->duration, 0), stream);
        end = std::max(end.value_or(stop), stop);
    }
    Timeline found{.origin_us = origin_us, .duration = {}};
    if (end && *end > origin_us)
        found.duration = static_cast<double>(*end - origin_us) / AV_TIME_BASE;
    return found;
}

}  // namespace ittybit::media
