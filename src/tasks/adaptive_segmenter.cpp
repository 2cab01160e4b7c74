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

namespace ittybit::tasks {
namespace {

/// Sound that reaches less than this into a segment stays with the one before.
constexpr double kLeastSoundSeconds = 0.45;

Error invalid(std::string_view name, std::string_view what) {
    return {
        "output_invalid",
        fmt::format("the rendition {} came out wrong: {}; please report it", name, what), ""
    };
}

bool is_idr(media::ByteView avc_sample) {
    constexpr int kIdrSlice = 5;
    while (avc_sample.size() > 4) {
        std::size_t size = 0;
        for (const auto byte : avc_sample.first(4)) size = size << 8U | byte;
        if ((avc_sample[4] & 0x1F) == kIdrSlice) return true;
        avc_sample = avc_sample.subspan(std::min(avc_sample.size(), size + 4));
    }
    return false;
}

media::ColourTags colour_of(const AVCodecContext& codec) {
    return {
        .primaries = static_cast<std::uint16_t>(codec.color_primaries),
        .transfer = static_cast<std::uint16_t>(codec.color_trc),
        .matrix = static_cast<std::uint16_t>(codec.colorspace),
        .is_full_range = codec.color_range == AVCOL_RANGE_JPEG
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

Result<> PartWriter::write(const std::string& name, media::ByteView bytes, bool is_main) {
    const std::lock_guard lock(mutex_);
    size_ += static_cast<std::int64_t>(bytes.size());
    ++count_;
    if (size_ > limits_.output_bytes) {
        return Error{
            "limit_exceeded",
            fmt::format("the output has more than {} bytes", limits_.output_bytes), "",
            LimitReached{"output_bytes", static_cast<double>(limits_.output_bytes)}
        };
    }
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

Segmenter::Segmenter(Settings settings, PartWriter& parts, media::Meter& meter)
    : settings_(std::move(settings)),
      parts_(parts),
      meter_(meter),
      meter_number_(meter.add_output()) {}

Result<> Segmenter::describe(const AVCodecContext& codec) {
    const media::ByteView extradata(
        codec.extradata, static_cast<std::size_t>(codec.extradata_size)
    );
    track_.is_video = codec.codec_type == AVMEDIA_TYPE_VIDEO;
    track_.timescale = static_cast<std::uint32_t>(codec.time_base.den);
    track_.language = settings_.language;
    track_.bitrate = static_cast<std::uint32_t>(codec.bit_rate);
    if (track_.is_video) {
        track_.configuration = TRY(media::avc_configuration(extradata));
        track_.size = {codec.width, codec.height};
        track_.colour = colour_of(codec);
    } else {
        track_.configuration.assign(extradata.begin(), extradata.end());
        track_.channels = codec.ch_layout.nb_channels;
        track_.priming = static_cast<std::uint32_t>(codec.initial_padding);
    }
    init_ = media::init_segment(track_);
    return parts_.write(settings_.name + "-init.mp4", init_);
}

std::string Segmenter::codec() const {
    return track_.is_video ? media::avc_codec(track_.configuration)
                           : media::aac_codec(track_.configuration);
}

double Segmenter::duration() const {
    return static_cast<double>(end_ - track_.priming) / track_.timescale;
}

double Segmenter::listed_seconds(std::int64_t ticks) const {
    return std::round(static_cast<double>(ticks) / track_.timescale * 1e6) / 1e6;
}

Result<> Segmenter::push(media::Packet packet) {
    TRY(take(*packet));
    const auto least =
        static_cast<std::int64_t>(track_.is_video ? 0 : kLeastSoundSeconds * track_.timescale);
    if (cut_ > 0 && presented_.back() - presented_[cut_] >= least) TRY(close(cut_));
    meter_.written(meter_number_, duration());
    return {};
}

/// Decode times are counted, so that they begin at 0 and have no gap; the encoder's own begin
/// before it.
Result<> Segmenter::take(const AVPacket& packet) {
    const AVRational clock = {1, static_cast<int>(track_.timescale)};
    const auto presented = av_rescale_q(packet.pts, packet.time_base, clock);
    const auto duration = av_rescale_q(packet.duration, packet.time_base, clock);
    if (duration <= 0) return invalid(settings_.name, "a sample has no duration");
    const media::ByteView data(packet.data, static_cast<std::size_t>(packet.size));
    media::Sample sample;
    sample.data =
        track_.is_video ? media::avc_sample(data) : media::Bytes(data.begin(), data.end());
    sample.duration = static_cast<std::uint32_t>(duration);
    sample.is_key = !track_.is_video || is_idr(sample.data);
    if (track_.is_video) {
        sample.composition = static_cast<std::int32_t>(presented - end_);
    }
    const bool is_in_time = presented == end_ - track_.priming;
    if (sample.is_key && !is_in_time) return invalid(settings_.name, "its times jump");
    if (end_ == 0 && !sample.is_key)
        return invalid(settings_.name, "it begins without a key frame");
    look_for_cut(sample, presented);
    end_ += duration;
    samples_.push_back(std::move(sample));
    presented_.push_back(presented);
    return {};
}

void Segmenter::look_for_cut(const media::Sample& sample, std::int64_t presented) {
    if (!sample.is_key || samples_.empty()) return;
    const int timescale = static_cast<int>(track_.timescale);
    // Sound begins a segment with the frame that begins nearest to the picture.
    const auto at = presented + (track_.is_video ? 0 : sample.duration / 2);
    if (at < settings_.grid.begin(next_number_, timescale)) return;
    while (at >= settings_.grid.begin(next_number_, timescale)) ++next_number_;
    if (cut_ == 0) cut_ = samples_.size();
}

Result<> Segmenter::finish() {
    if (samples_.empty()) return invalid(settings_.name, "it is empty");
    TRY(close(samples_.size()));
    end_key_picture(end_);
    return {};
}

/// Makes a segment of the first `count` samples.
Result<> Segmenter::close(std::size_t count) {
    const auto samples = std::span(samples_).first(count);
    Segment segment{
        .name = fmt::format("{}-{:05}.m4s", settings_.name, segments_.size() + 1), .duration = 0
    };
    const media::Bytes bytes = chunks(samples, segment.name);
    TRY(check(bytes, count));
    std::int64_t ticks = 0;
    for (const auto& sample : samples) ticks += sample.duration;
    decoded_ += ticks;
    if (segments_.empty()) ticks -= track_.priming;  // is never heard
    segment.duration = listed_seconds(ticks);
    segment.bytes = static_cast<std::int64_t>(bytes.size());
    TRY(parts_.write(segment.name, bytes));
    segments_.push_back(std::move(segment));
    const auto gone = static_cast<std::ptrdiff_t>(count);
    samples_.erase(samples_.begin(), samples_.begin() + gone);
    presented_.erase(presented_.begin(), presented_.begin() + gone);
    cut_ = 0;
    return {};
}

media::Bytes Segmenter::chunks(std::span<const media::Sample> samples, const std::string& name) {
    media::Bytes bytes = media::segment_head();
    auto at = decoded_;
    while (!samples.empty()) {
        const bool is_picture = track_.is_video && samples.front().is_key;
        const auto next_key =
            std::find_if(samples.begin() + 1, samples.end(), [&](const media::Sample& sample) {
                return track_.is_video && sample.is_key;
            });
        const auto count = is_picture ? 1 : static_cast<std::size_t>(next_key - samples.begin());
        const auto run = samples.first(count);
        const media::Bytes made =
            media::chunk(track_, ++chunk_number_, static_cast<std::uint64_t>(at), run);
        if (is_picture) {
            end_key_picture(at);
            key_begin_ = at;
            key_pictures_.push_back(
                {name, 0, static_cast<std::int64_t>(made.size()),
                 static_cast<std::int64_t>(bytes.size())}
            );
        }
        bytes.insert(bytes.end(), made.begin(), made.end());
        for (const auto& sample : run) at += sample.duration;
        samples = samples.subspan(count);
    }
    return bytes;
}

void Segmenter::end_key_picture(std::int64_t presented) {
    if (key_pictures_.empty()) return;
    key_pictures_.back().duration = listed_seconds(presented - key_begin_);
}

Result<> Segmenter::check(media::ByteView segment, std::size_t count) const {
    const auto read = TRY(media::read_fragments(init_, segment));
    if (read.size() != count) return invalid(settings_.name, "a segment has lost samples");
    // libav presents everything later by the most negative composition offset it has seen so far.
    std::int64_t shift = 0;
    for (const auto& sample : std::span(samples_).first(count))
        shift = std::max<std::int64_t>(shift, -sample.composition);
    auto decoded = decoded_ - track_.priming;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& sample = samples_[i];
        const auto late = read[i].presented - presented_[i];
        const bool is_same = read[i].decoded == decoded && (late == 0 || late == shift) &&
                             read[i].bytes == sample.data.size() && read[i].is_key == sample.is_key;
        if (!is_same) return invalid(settings_.name, "a segment reads back with other times");
        decoded += sample.duration;
    }
    if (!read.front().is_key)
        return invalid(settings_.name, "a segment begins without a key frame");
    return {};
}

}  // namespace ittybit::tasks
