#include "media/timeline.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

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
    return duration > 0 && duration != std::numeric_limits<std::uint32_t>::max() &&
           duration != std::numeric_limits<std::int64_t>::max();
}

/// The samples before the first that libav's decoder of Windows Media Audio gives: two frames
/// (libavcodec/wmadec.c), whose length follows from the rate (wma_common.c).
std::int64_t wma_delay(const AVCodecParameters& codec) {
    const bool is_first_version = codec.codec_id == AV_CODEC_ID_WMAV1;
    if (codec.sample_rate <= 16000) return 1024;
    if (codec.sample_rate <= (is_first_version ? 32000 : 22050)) return 2048;
    return 4096;
}

/// When the stream's first sample is presented: what encoders put before it for their own sake is
/// cut off by the decoder, and of Opus the container counts it before zero.
std::optional<std::int64_t> start_of(const AVStream& stream) {
    if (stream.start_time == kNoTime) return std::nullopt;
    const auto start = in_us(stream.start_time, stream);
    const AVCodecParameters& codec = *stream.codecpar;
    if (codec.sample_rate <= 0) return start;
    if (codec.codec_id == AV_CODEC_ID_WMAV1 || codec.codec_id == AV_CODEC_ID_WMAV2) {
        // Rounded as the container's clock is.
        const AVRational sample = {1, codec.sample_rate};
        const auto delay =
            av_rescale_q_rnd(wma_delay(codec), sample, stream.time_base, AV_ROUND_DOWN);
        return start + in_us(delay, stream);
    }
    if (start >= 0 || codec.codec_id != AV_CODEC_ID_OPUS) return start;
    const auto padding = av_rescale_q(codec.initial_padding, {1, codec.sample_rate}, kMicroseconds);
    return std::min<std::int64_t>(start + padding, 0);
}

/// How much of the told length is before the first sample that is presented: what iTunes' word on
/// gapless sound leaves out, without an edit list. In the stream's time base.
std::int64_t left_out_in_front(const AVStream& stream) {
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_AUDIO || stream.start_time == kNoTime) return 0;
    // (It takes no stream that is constant.)
    const auto* first = avformat_index_get_entry(const_cast<AVStream*>(&stream), 0);
    if (first == nullptr || first->timestamp < 0) return 0;
    return std::max<std::int64_t>(0, stream.start_time - first->timestamp);
}

/// Of Opus in Ogg libav tells the end for the length.
bool is_end_told(const AVFormatContext& format, const AVStream& stream) {
    return std::string_view(format.iformat->name) == "ogg" &&
           stream.codecpar->codec_id == AV_CODEC_ID_OPUS && stream.start_time != kNoTime &&
           stream.duration > stream.start_time;
}

bool has_subtitles(const AVFormatContext& format) {
    return std::any_of(format.streams, format.streams + format.nb_streams, [](const auto* stream) {
        return stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;
    });
}

/// Of streams where each has one; else the container's, which subtitles may stretch: then none.
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
        const auto start = start_of(stream).value_or(origin_us);
        const bool is_end = is_end_told(format, stream);
        const auto length =
            stream.duration - (is_end ? std::max<std::int64_t>(stream.start_time, 0) : 0);
        end = std::max(end.value_or(start), start + in_us(length, stream));
    }
    if (end && is_complete) return static_cast<double>(*end - origin_us) / AV_TIME_BASE;
    if (format.duration <= 0) return std::nullopt;
    if (has_subtitles(format)) return std::nullopt;
    return static_cast<double>(format.duration) / AV_TIME_BASE;
}

std::int64_t duration_of(const AVPacket& packet, const Input& reader, const AVStream& stream) {
    if (packet.duration > 0) return packet.duration;
    const AVRational rate = frame_rate_of(reader, stream);
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO || rate.num <= 0) return 0;
    return av_rescale_q(1, av_inv_q(rate), stream.time_base);
}

/// Tables of samples are the length; a word in a header (Xing, Matroska, FLAC, WavPack), and the
/// last timestamp where clocks may begin anew, is a claim about it.
bool is_told_by_samples(const AVFormatContext& format) {
    const std::string_view demuxer = format.iformat->name;
    return (format.iformat->flags & AVFMT_TS_DISCONT) == 0 && demuxer != "mp3" &&
           demuxer != "matroska,webm" && demuxer != "flv" && demuxer != "flac" && demuxer != "wv";
}

/// How far one stream reaches, by its packets.
class Reach {
public:
    /// A packet shown from `at` for `duration`, 0 when not known.
    void add(std::int64_t at, std::int64_t duration) {
        next_ = at + duration;
        if (last_ && at <= *last_) {
            end_ = std::max(end_, next_);
            if (at < *last_) before_ = std::max(before_.value_or(at), at);
            return;
        }
        before_ = last_;
        last_ = at;
        length_ = duration;
    }
    std::optional<std::int64_t> next() const { return last_ ? std::optional(next_) : last_; }
    std::optional<std::int64_t> end(bool tells_lengths) const {
        if (!last_) return std::nullopt;
        const std::int64_t gap = before_ ? *last_ - *before_ : 0;
        return std::max(end_, *last_ + last_length(length_, gap, tells_lengths));
    }

private:
    std::optional<std::int64_t> last_;    // the latest that is presented
    std::optional<std::int64_t> before_;  // and the one before it, whatever the order of decoding
    std::int64_t next_ = 0;
    std::int64_t length_ = 0;
    std::int64_t end_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace

void correct_lengths(AVFormatContext& format, const EditLists& edits) {
    for (AVStream* stream : std::span(format.streams, format.nb_streams)) {
        if (stream->start_time == kNoTime || !is_known_duration(stream->duration)) continue;
        const auto end = edits.ends.find(stream->id);
        if (end == edits.ends.end()) {
            if (!is_end_told(format, *stream)) stream->duration -= left_out_in_front(*stream);
            continue;
        }
        const auto told = static_cast<std::int64_t>(end->second / av_q2d(stream->time_base));
        if (told > stream->start_time)
            stream->duration = std::min(stream->duration, told - stream->start_time);
    }
}

std::optional<std::int64_t> told_end_of(const AVStream& stream) {
    if (stream.start_time == kNoTime || !is_known_duration(stream.duration)) return std::nullopt;
    return stream.start_time + stream.duration;
}

bool is_timed(const AVStream& stream) {
    const auto type = stream.codecpar->codec_type;
    return type == AVMEDIA_TYPE_AUDIO || (type == AVMEDIA_TYPE_VIDEO && !is_cover(stream));
}

Timeline stated_timeline(const AVFormatContext& format, std::optional<std::uint64_t> size) {
    std::optional<std::int64_t> origin;
    for (unsigned i = 0; i < format.nb_streams; ++i) {
        const AVStream& stream = *format.streams[i];
        if (!is_timed(stream)) continue;
        const auto start = start_of(stream);
        if (start) origin = std::min(origin.value_or(*start), *start);
    }
    Timeline found{.origin_us = origin.value_or(0), .duration = {}, .is_sure = true};
    found.duration = stated_duration(format, found.origin_us);
    const bool is_absurd = found.duration && size &&
                           static_cast<double>(*size) * 8 < kLeastBitsPerSecond * *found.duration;
    found.is_sure = found.duration && !is_absurd && is_told_by_samples(format) &&
                    format.duration_estimation_method == AVFMT_DURATION_FROM_STREAM;
    return found;
}

Result<Timeline> measured_timeline(Input& reader, std::int64_t origin_us) {
    std::vector<Reach> reaches(reader.streams().size());
    for (;;) {
        const Packet packet = TRY(reader.read());
        if (packet == nullptr) break;
        const AVStream& stream = reader.stream(packet->stream_index);
        if (!is_timed(stream) || (packet->flags & AV_PKT_FLAG_DISCARD) != 0) continue;
        const auto index = static_cast<std::size_t>(packet->stream_index);
        if (index >= reaches.size()) reaches.resize(index + 1);
        Reach& reach = reaches[index];
        const auto time = packet->pts != kNoTime ? packet->pts : reach.next().value_or(packet->dts);
        if (time != kNoTime) reach.add(time, duration_of(*packet, reader, stream));
    }
    std::optional<std::int64_t> end;
    for (const AVStream* stream : reader.streams()) {
        const auto index = static_cast<std::size_t>(stream->index);
        const bool is_video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        if (index >= reaches.size()) continue;
        const auto own = reaches[index].end(!is_video || reader.tells_lengths());
        if (own) end = std::max(end.value_or(INT64_MIN), in_us(*own, *stream));
    }
    Timeline found{.origin_us = origin_us, .duration = {}, .is_sure = true};
    if (end && *end > origin_us)
        found.duration = static_cast<double>(*end - origin_us) / AV_TIME_BASE;
    return found;
}

}  // namespace ittybit::media
