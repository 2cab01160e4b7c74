#include "tasks/adaptive_segmenter.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <span>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "media/error.h"
#include "model/encrypted_stream.h"
#include "tasks/language_tag.h"

namespace ittybit::tasks {
namespace {

using media::is_key;

/// What reaches less than this into a segment stays with the one before.
constexpr double kLeastSeconds = 0.5;

Error invalid(std::string_view name, std::string_view what) {
    return {
        ErrorKind::kOutputInvalid,
        fmt::format("the rendition {} came out wrong: {}; please report it", name, what), ""
    };
}

}  // namespace

std::int64_t SegmentGrid::begin(std::int64_t number, int timescale) const {
    const std::int64_t seconds = number * kSegmentSeconds;
    if (fps.num <= 0) return seconds * timescale;
    const auto frame = av_rescale_rnd(seconds, fps.num, fps.den, AV_ROUND_UP);
    return av_rescale(frame, std::int64_t{fps.den} * timescale, fps.num);
}

Result<> PartWriter::write(const std::string& name, std::string_view text, bool is_main) {
    return write(
        name, media::ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()),
        is_main
    );
}

std::int64_t PartWriter::size_outside(const std::string& name, std::int64_t size) const {
    return are_encrypted_ && !stays_clear(name) ? encrypted_size(size) : size;
}

Result<> PartWriter::count(const std::string& name, std::int64_t size) {
    size_ += size_outside(name, size);
    ++count_;
    if (size_ <= limits_.output_bytes) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format("the output has more than {} bytes", limits_.output_bytes), "",
        LimitReached{"output_bytes", static_cast<double>(limits_.output_bytes)}
    };
}

Result<> PartWriter::add(const std::string& name, std::int64_t size, bool is_main) {
    const MutexLock lock(mutex_);
    TRY(count(name, size));
    events_.file_ready({.name = name, .size = size, .is_main = is_main});
    return {};
}

Result<> PartWriter::write(const std::string& name, media::ByteView bytes, bool is_main) {
    const MutexLock lock(mutex_);
    TRY(count(name, std::ssize(bytes)));
    const Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return media::output_error(AVERROR(errno), "write a part of the output");
    for (auto rest = bytes; !rest.empty();) {
        const auto written = ::write(file.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return media::output_error(AVERROR(errno), "write a part of the output");
        rest = rest.subspan(static_cast<std::size_t>(written));
    }
    events_.file_ready(
        {.name = name, .size = static_cast<std::int64_t>(bytes.size()), .is_main = is_main}
    );
    return {};
}

Segmenter::Segmenter(PlannedTrack planned, SegmentGrid grid, PartWriter& parts, media::Meter& meter)
    : planned_(std::move(planned)),
      grid_(grid),
      parts_(parts),
      meter_(meter),
      meter_number_(meter.add_output()) {}

Result<> Segmenter::describe(const AVCodecContext& codec) {
    track_.reset(avcodec_parameters_alloc());
    const int code = avcodec_parameters_from_context(track_.get(), &codec);
    if (code < 0) return media::output_error(code, "set up a rendition");
    clock_ = codec.time_base;
    muxer_ = TRY(media::FragmentMuxer::open(codec, language_letters(planned().language)));
    return {};
}

std::string Segmenter::codec() const {
    const media::ByteView extradata(
        track_->extradata, static_cast<std::size_t>(track_->extradata_size)
    );
    if (track_->codec_id == AV_CODEC_ID_H264) return media::avc_codec(extradata);
    return is_video() ? media::configured_codec(muxer_->init()) : media::aac_codec(extradata);
}

double Segmenter::duration() const {
    return static_cast<double>(end_ - track_->initial_padding) * av_q2d(clock_);
}

double Segmenter::listed_seconds(std::int64_t ticks) const {
    return std::round(static_cast<double>(ticks) * av_q2d(clock_) * 1e6) / 1e6;
}

Result<> Segmenter::push(media::Packet packet) {
    av_packet_rescale_ts(packet.get(), packet->time_base, clock_);
    packet->time_base = clock_;
    TRY(check_times(*packet));
    look_for_cut(*packet);
    end_ += packet->duration;
    packets_.push_back(std::move(packet));
    const auto least = std::llround(kLeastSeconds / av_q2d(clock_));
    if (cut_ > 0 && end_ - cut_at_ >= least) TRY(close(cut_));
    meter_.written(meter_number_, duration());
    return {};
}

/// Whether a packet follows without a gap on those before it: durations are the steps of time.
Result<> Segmenter::check_times(const AVPacket& packet) const {
    if (packet.duration <= 0) return invalid(name(), "a sample has no duration");
    const bool is_in_time = packet.pts == end_ - track_->initial_padding;
    if (is_key(packet) && !is_in_time) return invalid(name(), "its times jump");
    if (end_ == 0 && !is_key(packet)) {
        return invalid(name(), "it begins without a key frame");
    }
    return {};
}

void Segmenter::look_for_cut(const AVPacket& packet) {
    if (!is_key(packet) || packets_.empty()) return;
    // Sound begins a segment with the frame that begins nearest to the picture.
    const auto at = packet.pts + (is_video() ? 0 : packet.duration / 2);
    if (at < grid_.begin(next_number_, clock_.den)) return;
    while (at >= grid_.begin(next_number_, clock_.den)) ++next_number_;
    if (cut_ > 0) return;
    cut_ = packets_.size();
    // Of the grid, which is the same for all tracks: so is whether the rest is long enough.
    cut_at_ = grid_.begin(next_number_ - 1, clock_.den) + track_->initial_padding;
}

Result<> Segmenter::finish() {
    if (packets_.empty()) return invalid(name(), "it is empty");
    TRY(close(packets_.size()));
    end_key_picture(end_);
    return {};
}

/// Makes a segment of the first `count` packets.
Result<> Segmenter::close(std::size_t count) {
    const auto packets = std::span(packets_).first(count);
    Segment segment{
        .name = fmt::format("{}-{:05}.m4s", name(), segments_.size() + 1), .duration = 0
    };
    const media::Bytes bytes = TRY(chunks(packets, segment.name));
    TRY(check(bytes, packets));
    std::int64_t ticks = 0;
    for (const auto& packet : packets) ticks += packet->duration;
    decoded_ += ticks;
    if (segments_.empty()) {
        TRY(parts_.write(name() + "-init.mp4", muxer_->init()));
        ticks -= track_->initial_padding;  // is never heard
    }
    segment.duration = listed_seconds(ticks);
    segment.bytes = parts_.size_outside(segment.name, std::ssize(bytes));
    TRY(parts_.write(segment.name, bytes));
    segments_.push_back(std::move(segment));
    packets_.erase(packets_.begin(), packets_.begin() + static_cast<std::ptrdiff_t>(count));
    cut_ = 0;
    return {};
}

Result<media::Bytes> Segmenter::chunks(
    std::span<const media::Packet> packets, const std::string& name
) {
    const auto head = media::segment_head();
    media::Bytes bytes(head.begin(), head.end());
    auto at = decoded_;
    while (!packets.empty()) {
        const bool is_picture = is_video() && is_key(*packets.front());
        const auto next_key =
            std::find_if(packets.begin() + 1, packets.end(), [&](const media::Packet& packet) {
                return is_video() && is_key(*packet);
            });
        const auto count = is_picture ? 1 : static_cast<std::size_t>(next_key - packets.begin());
        const auto run = packets.first(count);
        const media::Bytes made = TRY(muxer_->chunk(run));
        if (is_picture) {
            end_key_picture(at);
            key_begin_ = at;
            key_pictures_.push_back(
                {name, 0, static_cast<std::int64_t>(made.size()),
                 static_cast<std::int64_t>(bytes.size())}
            );
        }
        bytes.insert(bytes.end(), made.begin(), made.end());
        for (const auto& packet : run) at += packet->duration;
        packets = packets.subspan(count);
    }
    return bytes;
}

void Segmenter::end_key_picture(std::int64_t presented) {
    if (key_pictures_.empty()) return;
    key_pictures_.back().duration = listed_seconds(presented - key_begin_);
}

Result<> Segmenter::check(media::ByteView segment, std::span<const media::Packet> packets) const {
    const auto read = TRY(media::read_fragments(muxer_->init(), segment));
    if (read.size() != packets.size()) return invalid(name(), "a segment has lost samples");
    // libav presents everything later by the most negative composition offset it has seen so far.
    std::int64_t shift = 0;
    auto decoded = decoded_ - track_->initial_padding;
    for (const auto& packet : packets) {
        shift = std::max(shift, decoded - packet->pts);
        decoded += packet->duration;
    }
    decoded = decoded_ - track_->initial_padding;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const AVPacket& packet = *packets[i];
        const auto late = read[i].presented - packet.pts;
        const bool is_same = read[i].decoded == decoded && (late == 0 || late == shift) &&
                             read[i].is_key == is_key(packet);
        if (!is_same) return invalid(name(), "a segment reads back with other times");
        decoded += packet.duration;
    }
    if (!read.front().is_key) {
        return invalid(name(), "a segment begins without a key frame");
    }
    return {};
}

}  // namespace ittybit::tasks
