#include "media/input.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string_view>
#include <utility>

#include "media/compat.h"
#include "media/crop.h"
#include "media/cut_off.h"
#include "media/error.h"
#include "media/pixel_format.h"
#include "media/presented.h"
#include "media/programs.h"
#include "media/stream.h"
#include "media/timeline.h"
#include "media/unread.h"
#include "model/animation_limit.h"

namespace ittybit::media {

using namespace std::string_view_literals;

namespace {

constexpr int kIoBytes = 65536;
constexpr std::int64_t kProbeBytes = 5'000'000;
constexpr std::uint64_t kScanBytes = 64'000'000;  // up to here read whole for a duration
constexpr int kErrorsInRow = 16;

/// Whether an edit list shows nothing at all of a stream, as one of no length does.
bool is_hidden(AVStream* stream) {
    const int samples = avformat_index_get_entries_count(stream);
    for (int i = 0; i < samples; ++i) {
        const AVIndexEntry* sample = avformat_index_get_entry(stream, i);
        if ((sample->flags & AVINDEX_DISCARD_FRAME) == 0) return false;
    }
    return samples > 0;
}

/// Whether nothing is shown of all the picture, or of all the sound: nobody means that.
bool hide_all(std::span<AVStream* const> streams, AVMediaType type) {
    const auto is_meant = [&](const AVStream* stream) {
        return stream->codecpar->codec_type == type && is_timed(*stream);
    };
    const auto is_seen = [&](AVStream* stream) { return is_meant(stream) && !is_hidden(stream); };
    return std::ranges::any_of(streams, is_meant) && std::ranges::none_of(streams, is_seen);
}

/// Where nothing is told, grey is of full range (as FFmpeg has it), but in codecs that have a word
/// for it, whose absence means the other (ITU-T H.264 and H.265, annex E); and so is Y'CbCr in
/// files of JPEG 2000 (sYCC: ISO/IEC 15444-1, annex I).
void tell_full_range(AVCodecParameters& codec, std::string_view demuxer) {
    const bool has_word = codec.codec_id == AV_CODEC_ID_H264 || codec.codec_id == AV_CODEC_ID_HEVC;
    const auto* format = codec.codec_type == AVMEDIA_TYPE_VIDEO
                             ? av_pix_fmt_desc_get(static_cast<AVPixelFormat>(codec.format))
                             : nullptr;
    if (format == nullptr || has_word || codec.color_range != AVCOL_RANGE_UNSPECIFIED) return;
    constexpr unsigned kOther =
        AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM;
    const bool is_full = format->nb_components <= 2 || demuxer == "j2k_pipe";
    if (is_full && (format->flags & kOther) == 0) codec.color_range = AVCOL_RANGE_JPEG;
}

}  // namespace

Input::Input(ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop)
    : source_(source), sniffed_(sniffed), limits_(limits), stop_(std::move(stop)) {}

Input::~Input() = default;

Result<std::unique_ptr<Input>> Input::open(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop
) {
    capture_log();
    std::unique_ptr<Input> input(new Input(source, sniffed, limits, std::move(stop)));
    if (sniffed.demuxer == "mov")  // an error comes again where it matters
        if (const auto other = another_film(source, sniffed.start)) input->end_ = *other;
    if (sniffed.demuxer == "mov") input->edits_ = TRY(edit_lists(source, sniffed.start));
    TRY(input->open_container());
    TRY(input->find_streams());
    TRY(input->check_limits());
    input->crops_ = TRY(read_crops(source, sniffed));
    input->heed_proportions();
    TRY(input->find_timeline());
    TRY(input->find_single_pictures());
    return input;
}

Result<std::unique_ptr<Input>> Input::reopen() const {
    std::unique_ptr<Input> input(new Input(source_, sniffed_, limits_, stop_));
    input->has_empty_edits_ = has_empty_edits_;
    input->edits_ = edits_;
    input->end_ = end_;
    TRY(input->open_container());
    // Streams without a header get timestamps only once they are understood.
    const int needs_look = AVFMT_GENERIC_INDEX | AVFMT_TS_DISCONT;
    if ((format_->iformat->flags & needs_look) != 0) TRY(input->find_streams());
    input->origin_us_ = origin_us_;
    input->duration_ = duration_;
    input->is_duration_sure_ = is_duration_sure_;
    input->survey_ = survey_;
    input->single_pictures_ = single_pictures_;
    input->crops_ = crops_;
    input->heed_proportions();
    return input;
}

Result<> Input::open_container() {
    take_last_log_line();
    if (!presented_) presented_ = TRY(presented(source_, sniffed_));
    if (size() > static_cast<std::uint64_t>(limits_.input_bytes)) {
        return Error{
            ErrorKind::kLimitExceeded, "the file is larger than is allowed: upload a smaller one",
            "input", LimitReached{"input_bytes", static_cast<double>(limits_.input_bytes)}
        };
    }
    const AVInputFormat* demuxer = av_find_input_format(std::string(sniffed_.demuxer).c_str());
    if (sniffed_.demuxer.empty() || demuxer == nullptr)
        return input_error(AVERROR_DEMUXER_NOT_FOUND, "open the " + std::string(sniffed_.format));

    io_.reset(avio_alloc_context(
        static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 0, this, read_bytes, nullptr,
        seek_bytes
    ));
    AVFormatContext* format = avformat_alloc_context();
    if (io_ == nullptr || format == nullptr) {
        avformat_free_context(format);
        return input_error(AVERROR(ENOMEM), "open the file");
    }
    format->pb = io_.get();
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->io_open = refuse_open;
    format->interrupt_callback = {is_stopped, this};
    format->probesize = kProbeBytes;
    format->max_streams = limits_.streams + 1;
    format->protocol_whitelist = av_strdup("none");
    format->format_whitelist = av_strdup(demuxer->name);
    AVDictionary* options = nullptr;
    // A delay of at most 10 ms is 100 ms, as in a GIF (libav) and in browsers.
    if (std::string_view(demuxer->name) == "apng") {
        av_dict_set(&options, "default_fps", "10", 0);
        av_dict_set(&options, "max_fps", "99", 0);
    }
    if (has_empty_edits_) av_dict_set(&options, "ignore_editlist", "1", 0);
    const int code = avformat_open_input(&format, nullptr, demuxer, &options);
    av_dict_free(&options);
    if (code < 0) return failure(code, "read the file's structure");
    format_.reset(format);
    const bool is_nothing_shown =
        hide_all(streams(), AVMEDIA_TYPE_VIDEO) || hide_all(streams(), AVMEDIA_TYPE_AUDIO);
    if (!has_empty_edits_ && is_nothing_shown) {
        has_empty_edits_ = true;
        edits_.ends.clear();
        format_.reset();
        position_ = 0;
        return open_container();
    }
    clock_ = JoinedClock(!has_loose_clock());
    sound_ = {};
    return {};
}

bool Input::has_loose_clock() const {
    return (format_->iformat->flags & AVFMT_TS_DISCONT) != 0;
}

/// libav's decoders overwrite what the container said with what the bit stream leaves open.
void Input::keep_told_colours() {
    told_colours_.clear();
    for (AVStream* stream : streams()) {
        AVCodecParameters& codec = *stream->codecpar;
        fill_colours(
            {}, codec.color_primaries, codec.color_trc, codec.color_space, codec.color_range
        );
        told_colours_.push_back(
            {codec.color_primaries, codec.color_trc, codec.color_space, codec.color_range}
        );
    }
}

Result<> Input::find_streams() {
    keep_told_colours();
    const std::string pixels = std::to_string(limits_.pixels);
    std::vector<AVDictionary*> options(std::max(format_->nb_streams, 1U));
    const auto count = format_->nb_streams;
    for (unsigned i = 0; i < count; ++i) av_dict_set(&options[i], "max_pixels", pixels.c_str(), 0);
    const int code = avformat_find_stream_info(format_.get(), options.data());
    for (AVDictionary*& dictionary : options) av_dict_free(&dictionary);
    if (code < 0 || source_error_) return failure(code, "read the file's streams");
    known_streams_ = format_->nb_streams;
    for (std::size_t i = 0; i < told_colours_.size(); ++i) {
        AVCodecParameters& codec = *format_->streams[i]->codecpar;
        fill_colours(
            told_colours_[i], codec.color_primaries, codec.color_trc, codec.color_space,
            codec.color_range
        );
    }
    for (AVStream* stream : streams()) {
        AVCodecParameters& codec = *stream->codecpar;
        tell_full_range(codec, sniffed_.demuxer);
        if (codec.codec_type == AVMEDIA_TYPE_VIDEO)
            codec.format = by_matrix(static_cast<AVPixelFormat>(codec.format), codec.color_space);
    }
    const bool has_size = std::ranges::any_of(streams(), [](const AVStream* stream) {
        return stream->codecpar->width > 0 && stream->codecpar->height > 0;
    });
    if (is_image(sniffed_) && !has_size) return failure(AVERROR_INVALIDDATA, "read the picture");
    return {};
}

Result<> Input::check_limits() const {
    if (std::cmp_greater(format_->nb_streams, limits_.streams)) {
        return Error{
            ErrorKind::kLimitExceeded,
            "the file has more than " + std::to_string(limits_.streams) +
                " streams: upload it with fewer",
            "input", LimitReached{"streams", static_cast<double>(limits_.streams)}
        };
    }
    for (const AVStream* stream : streams()) {
        const AVCodecParameters& codec = *stream->codecpar;
        if (codec.codec_type != AVMEDIA_TYPE_VIDEO) continue;
        if (std::int64_t{codec.width} * codec.height <= limits_.pixels) continue;
        return Error{
            ErrorKind::kLimitExceeded,
            "the picture has " + std::to_string(codec.width) + "x" + std::to_string(codec.height) +
                " pixels, more than is allowed: upload a smaller one",
            "input", LimitReached{"pixels", static_cast<double>(limits_.pixels)}
        };
    }
    if (sniffed_.family != Family::kAnimation) return {};
    for (const AVStream* stream : streams()) {
        const AVCodecParameters& codec = *stream->codecpar;
        TRY(check_animation({codec.width, codec.height}, stream->nb_frames, limits_));
    }
    return {};
}

Result<> Input::find_timeline() {
    correct_lengths(*format_, edits_);
    Timeline timeline = stated_timeline(*format_, size());
    const auto claimed = timeline.duration;
    const bool is_short = size() && *size() <= kScanBytes;
    if (!timeline.is_sure && (is_short || TRY(is_joined()))) {
        const auto reader = TRY(reopen());
        timeline = TRY(measured_timeline(*reader, timeline.origin_us));
        survey_->is_joined = reader->is_patched();
    }
    origin_us_ = timeline.origin_us;
    duration_ = timeline.duration;
    const bool is_claim = format_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM;
    // Some writers of Matroska tell when it ends for how long it lasts.
    const double begin = static_cast<double>(origin_us_) / AV_TIME_BASE;
    const bool is_end =
        claimed && begin > 1 && std::abs(*claimed - begin - duration_.value_or(0)) < 1;
    if (is_claim && !is_end && duration_ != claimed) claimed_duration_ = claimed;
    is_duration_sure_ = timeline.is_sure;
    return {};
}

/// Files do not say that a track is only a preview; its packets do.
Result<> Input::find_single_pictures() {
    constexpr int kPacketsLooked = 500;
    const auto is_moving = [](const AVStream* stream) {
        return is_timed(*stream) && stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    };
    // Beside the track of an animated AVIF libav gives its primary item since 7.1.
    const bool is_still = sniffed_.family == Family::kStill;
    if (is_still || std::ranges::count_if(streams(), is_moving) < 2) return {};
    const auto reader = TRY(reopen());
    std::vector<int> packets(streams().size());
    for (int i = 0; i < kPacketsLooked; ++i) {
        const Packet packet = TRY(reader->read());
        if (packet == nullptr) break;
        const auto index = static_cast<std::size_t>(packet->stream_index);
        if (index < packets.size()) ++packets[index];
    }
    for (const AVStream* stream : streams()) {
        if (is_moving(stream) && packets[static_cast<std::size_t>(stream->index)] == 1)
            single_pictures_.push_back(stream->index);
    }
    return {};
}

bool Input::is_single_picture(int stream_index) const {
    return std::ranges::find(single_pictures_, stream_index) != single_pictures_.end();
}

std::optional<std::uint64_t> Input::size() const {
    const auto whole = end_ ? end_ : source_.size();
    if (!whole) return std::nullopt;
    return *whole > sniffed_.start ? *whole - sniffed_.start : 0;
}

std::optional<double> Input::told_end(int stream_index) const {
    const AVStream& told = stream(stream_index);
    const auto end = tells_lengths() ? told_end_of(told) : std::nullopt;
    if (!end) return std::nullopt;
    return seconds(*end, told.time_base);
}

Crop Input::crop(int stream_index) const {
    const auto index = static_cast<std::size_t>(stream_index);
    const Crop crop = index < crops_.size() ? crops_[index] : Crop{};
    const AVCodecParameters& codec = *stream(stream_index).codecpar;
    const bool leaves_something =
        crop.left + crop.right < codec.width && crop.top + crop.bottom < codec.height;
    return leaves_something ? crop : Crop{};
}

SourceTime Input::time_of(int stream_index) const {
    return {stream(stream_index).time_base, origin_us_, tells_lengths()};
}

bool Input::tells_lengths() const {
    return sniffed_.demuxer == "mov" || is_image(sniffed_);
}

double Input::seconds(std::int64_t timestamp, AVRational time_base) const {
    return static_cast<double>(timestamp) * av_q2d(time_base) -
           static_cast<double>(origin_us_) / AV_TIME_BASE;
}

std::int64_t Input::timestamp(double seconds, AVRational time_base) const {
    const auto us = static_cast<std::int64_t>(std::clamp(seconds, -1e12, 1e12) * AV_TIME_BASE);
    return av_rescale_q(us + origin_us_, kMicroseconds, time_base);
}

void Input::read_only(std::span<const int> stream_indices) {
    wanted_.emplace(stream_indices.begin(), stream_indices.end());
    discard_unwanted();
}

bool Input::is_wanted(int stream_index) const {
    return !wanted_ || wanted_->contains(stream_index);
}

void Input::discard_unwanted() {
    const auto is_needed = [&](int index) {
        return is_wanted(index) || may_begin_late(index) ||
               std::ranges::any_of(*wanted_, [&](int wanted) {
                   return may_continue(*format_, index, wanted);
               });
    };
    for (AVStream* stream : streams())
        stream->discard = is_needed(stream->index) ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

/// Whether a stream of a broadcast would be missed if it began in the middle: nothing says before
/// its first packet whether it does.
bool Input::may_begin_late(int stream_index) const {
    const auto kind = stream(stream_index).codecpar->codec_type;
    return has_loose_clock() && std::ranges::any_of(*wanted_, [&](int wanted) {
               return stream(wanted).codecpar->codec_type == kind &&
                      may_share_program(*format_, stream_index, wanted);
           });
}

/// Packets that go on with another stream become packets of it. Whether it is one to give.
bool Input::follow_stream(AVPacket& packet) {
    const int before = movements_.index_of(*format_, packet);
    if (before < 0) return false;
    const bool is_new =
        std::cmp_greater_equal(before, known_streams_) || movements_.begins_late(before);
    if (is_new && !is_wanted(before) && is_timed(stream(before))) ++left_out_;
    tell_coding(packet, stream(packet.stream_index).codecpar->codec_id);
    packet.stream_index = before;
    return true;
}

Result<Packet> Input::read() {
    is_at_front_ = false;
    Packet packet = make_packet();
    for (int errors = 0; errors < kErrorsInRow;) {
        if (stop_.stop_requested()) return cancelled();
        const int code = sound_.read(*format_, *packet);
        if (source_error_) return *source_error_;
        if (code == AVERROR_EXIT) return cancelled();
        is_at_end_ = code == AVERROR_EOF;
        if (code < 0 && !is_at_end_ && ++errors < kErrorsInRow) continue;
        if (code < 0) {
            TRY(look_behind());
            break;
        }
        const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(packet->pos, 0));
        read_to_ = std::max(read_to_, at);
        if (!read_from_) read_from_ = at;
        if (!follow_stream(*packet)) continue;
        // A cover has no time either.
        has_rests_ |= sniffed_.demuxer == "flac" && packet->pts == kNoTime &&
                      is_timed(stream(packet->stream_index));
        join_clocks(*packet);
        if (is_stray(*packet)) packet->pts = packet->dts = kNoTime;
        cut_at_end(*packet, stream(packet->stream_index), edits_);
        if (is_wanted(packet->stream_index)) return packet;
        av_packet_unref(packet.get());
        errors = 0;
    }
    return Packet();
}

Result<> Input::look_behind() {
    gave_up_ = !is_at_end_;
    if (read_to_ == 0) return {};
    stops_short_ = end_.has_value();
    if (end_) return {};
    const auto last = sniffed_.start + read_to_;
    const Unread unread = TRY(unread_behind(source_, last, sniffed_.demuxer));
    stops_short_ = unread == Unread::kAnotherFile;
    is_cut_off_ = !stops_short_ && TRY(ends_amid(source_, sniffed_.start, last, sniffed_.demuxer));
    gave_up_ = !stops_short_ && (gave_up_ || unread == Unread::kDamage);
    return {};
}

/// Broadcast streams and Ogg files restart their clock where recordings were joined; so do files
/// that can be read on where another one was put behind them.
void Input::join_clocks(AVPacket& packet) {
    constexpr std::array kReadOn = {"matroska"sv, "flv"sv, "flac"sv};
    const AVStream& stream = *format_->streams[packet.stream_index];
    const bool is_joinable =
        has_loose_clock() || std::ranges::find(kReadOn, sniffed_.demuxer) != kReadOn.end();
    if (is_joinable && is_timed(stream)) clock_.adjust(packet, stream.time_base);
}

/// A time far beyond an end that is known is a damaged one: what follows the packet before is
/// likelier.
bool Input::is_stray(const AVPacket& packet) const {
    constexpr double kBeyond = 60;  // seconds behind twice the duration
    const auto time = packet.pts != kNoTime ? packet.pts : packet.dts;
    if (!is_duration_sure_ || !duration_ || time == kNoTime) return false;
    return seconds(time, stream(packet.stream_index).time_base) > 2 * *duration_ + kBeyond;
}

/// The source's own error if it has one, since libav only repeats it badly.
Error Input::failure(int code, std::string_view doing) {
    if (source_error_) return *source_error_;
    if (stop_.stop_requested()) return cancelled();
    return input_error(code, doing);
}

int Input::read_bytes(void* self, std::uint8_t* buffer, int size) {
    Input& input = *static_cast<Input*>(self);
    if (input.stop_.stop_requested()) return AVERROR_EXIT;
    if (input.source_error_) return AVERROR(EIO);
    const auto at = input.sniffed_.start + input.position_;
    auto room = std::as_writable_bytes(std::span(buffer, static_cast<std::size_t>(size)));
    if (input.end_)
        room = room.first(std::min(room.size(), *input.end_ - std::min(*input.end_, at)));
    if (room.empty()) return AVERROR_EOF;
    ByteSource& source = input.presented_ ? *input.presented_ : input.source_;
    const auto count = source.read_at(at, room);
    if (!count) {
        input.source_error_ = count.error();
        return AVERROR(EIO);
    }
    input.position_ += *count;
    return *count == 0 ? AVERROR_EOF : static_cast<int>(*count);
}

std::int64_t Input::seek_bytes(void* self, std::int64_t offset, int whence) {
    Input& input = *static_cast<Input*>(self);
    const auto size = input.size();
    if ((whence & AVSEEK_SIZE) != 0)
        return size ? static_cast<std::int64_t>(*size) : AVERROR(ENOSYS);
    std::int64_t target = offset;
    if ((whence & ~AVSEEK_FORCE) == SEEK_CUR) target += static_cast<std::int64_t>(input.position_);
    if ((whence & ~AVSEEK_FORCE) == SEEK_END) {
        if (!size) return AVERROR(ENOSYS);
        target += static_cast<std::int64_t>(*size);
    }
    if (target < 0) return AVERROR(EINVAL);
    input.position_ = static_cast<std::uint64_t>(target);
    return target;
}

int Input::is_stopped(void* self) {
    return static_cast<Input*>(self)->stop_.stop_requested() ? 1 : 0;
}

/// No input may make us open a second file, whatever it refers to.
int Input::refuse_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
    return AVERROR(EPERM);
}

}  // namespace ittybit::media
