#include "media/output.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "media/compat.h"
#include "media/error.h"

namespace ittybit::media {
namespace {

constexpr int kIoBytes = 1 << 20;

/// What muxers write again at the end lies in front of this: lengths, checksums, where to seek.
constexpr std::int64_t kFront = 1 << 20;
/// How much a file has grown when it is told.
constexpr std::int64_t kGrowth = 4 << 20;

/// How far apart two tracks may be before the faster is written alone.
constexpr std::int64_t kLongestWait = 20'000'000;  // microseconds

/// The mov muxer writes this much behind the reserved room before the first sample.
constexpr std::int64_t kDataHeader = 16;

/// How much later than it is heard sound is stored, in ticks of `clock`: by its encoder's delay, so
/// that nothing lies before the first picture (Matroska, CodecDelay). A player that begins there
/// would find no key frame.
std::int64_t codec_delay(const AVCodecParameters& codec, AVRational clock) {
    if (ITTYBIT_LAVF_ADDS_CODEC_DELAY || codec.sample_rate <= 0) return 0;
    return av_rescale_q(codec.initial_padding, {1, codec.sample_rate}, clock);
}

/// The muxer of MP3 takes 529 samples, a decoder's own delay, from those that a packet says to
/// leave out in front, and where it says fewer ends below zero: thousands would be left out.
void tell_decoder_delay(AVPacket& packet) {
    constexpr std::uint32_t kDecoderDelay = 529;
    std::size_t size = 0;
    auto* told = av_packet_get_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
    if (told == nullptr || size < 10) return;
    std::uint32_t front = 0;
    for (unsigned i = 0; i < 4; ++i) front |= std::uint32_t{told[i]} << 8 * i;
    front = std::max(front, kDecoderDelay);
    for (unsigned i = 0; i < 4; ++i) told[i] = static_cast<std::uint8_t>(front >> 8 * i);
}

std::string text_of(const json::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    return compact_json(value);
}

}  // namespace

Output::Output(OutputFile file, const Limits& limits, Meter* meter)
    : file_(std::move(file)), limits_(limits), meter_(meter) {
    if (meter_ != nullptr) meter_number_ = meter_->add_output();
}

Output::~Output() = default;

Result<std::unique_ptr<Output>> Output::create(
    const OutputFile& file, const Limits& limits, Meter* meter
) {
    std::unique_ptr<Output> made(new Output(file, limits, meter));
    TRY(made->open());
    return made;
}

Result<> Output::open() {
    capture_log();
    descriptor_ = Fd(::open(file_.name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!descriptor_) return output_error(AVERROR(errno), "create the output file");
    AVFormatContext* format = nullptr;
    const int code = avformat_alloc_output_context2(&format, nullptr, file_.muxer.c_str(), nullptr);
    format_.reset(format);
    if (code < 0) return output_error(code, "set up the container " + file_.muxer);
    io_.reset(avio_alloc_context(
        static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 1, this, nullptr,
        &Output::write_bytes, &Output::seek_bytes
    ));
    io_->min_packet_size = kIoBytes / 4;  // libav flushes after each packet, but for this
    format_->pb = io_.get();
    format_->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    format_->max_interleave_delta = kLongestWait;
    // Matroska tells an encoder's delay; moved timestamps would part sound from picture.
    if (file_.muxer == "webm") format_->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    for (const auto& entry : file_.metadata) {
        av_dict_set(
            &format_->metadata, std::string(entry.key()).c_str(), text_of(entry.value()).c_str(), 0
        );
    }
    return {};
}

Output::Track& Output::add_track() {
    const MutexLock lock(mutex_);
    AVStream* stream = avformat_new_stream(format_.get(), nullptr);
    tracks_.push_back(std::unique_ptr<Track>(new Track(*this, *stream)));
    return *tracks_.back();
}

std::vector<TrackFacts> Output::tracks() const {
    const MutexLock lock(mutex_);
    std::vector<TrackFacts> facts;
    for (const auto& track : tracks_) facts.push_back(track->facts_);
    return facts;
}

Result<> Output::Track::describe(const AVCodecContext& codec) {
    const CodecParameters parameters(avcodec_parameters_alloc());
    const int code = avcodec_parameters_from_context(parameters.get(), &codec);
    if (code < 0) return output_error(code, "set up the container");
    return describe(*parameters, codec.time_base);
}

Result<> Output::Track::describe(const AVCodecParameters& codec, AVRational time_base) {
    const int code = avcodec_parameters_copy(stream_.codecpar, &codec);
    if (code < 0) return output_error(code, "set up the container");
    // A tag belongs to the container it came from; these are ours to choose.
    stream_.codecpar->codec_tag = 0;
    if (codec.codec_id == AV_CODEC_ID_HEVC && output_.file_.muxer != "matroska")
        stream_.codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
    if (codec.codec_id == AV_CODEC_ID_MOV_TEXT)
        stream_.codecpar->codec_tag = MKTAG('t', 'x', '3', 'g');
    stream_.time_base = time_base;
    facts_.codec = avcodec_get_name(codec.codec_id);
    facts_.is_video = codec.codec_type == AVMEDIA_TYPE_VIDEO;
    facts_.is_text = codec.codec_type == AVMEDIA_TYPE_SUBTITLE;
    is_described_ = true;
    return {};
}

void Output::Track::set_language(const std::string& language) {
    if (!language.empty()) av_dict_set(&stream_.metadata, "language", language.c_str(), 0);
}

void Output::Track::set_frame_rate(AVRational fps) {
    // Matroska's readers take the rate for the length of every frame, also of the last, which may
    // have been cut: seconds too long where frames are rare.
    constexpr double kRare = 7;
    if (output_.file_.muxer == "webm" && av_q2d(fps) < kRare) return;
    stream_.avg_frame_rate = fps;
}

Result<> Output::Track::push(Packet packet) {
    return output_.write(*this, std::move(packet));
}

Result<> Output::Track::finish() {
    return output_.finish(*this);
}

Result<> Output::write(Track& track, Packet packet) {
    const MutexLock lock(mutex_);
    if (!has_header_) TRY(begin());
    const AVRational clock = packet->time_base;
    const auto delay =
        file_.muxer == "webm" ? codec_delay(*track.stream_.codecpar, clock) : std::int64_t{0};
    const auto stored_pts = packet->pts + delay;
    const auto stored_dts = packet->dts + delay;
    av_packet_rescale_ts(packet.get(), clock, track.stream_.time_base);
    packet->time_base = track.stream_.time_base;
    packet->stream_index = track.stream_.index;
    packet->pos = -1;
    if (file_.muxer == "mp3") tell_decoder_delay(*packet);
    note(track, *packet);
    tell_meter();
    if (delay != 0) {
        packet->pts = av_rescale_q(stored_pts, clock, packet->time_base);
        packet->dts = av_rescale_q(stored_dts, clock, packet->time_base);
    }
    if (!track.facts_.is_video)
        return check(av_interleaved_write_frame(format_.get(), packet.get()));
    std::swap(track.last_, packet);
    if (packet == nullptr) return {};
    return check(av_interleaved_write_frame(format_.get(), packet.get()));
}

/// MP4 has the length of a track as the sum of decoding steps: with reordered pictures of a varying
/// rate it is right only when the last steps make up the difference. None lasts longer than its
/// picture is shown, or the muxer takes the presentation to be longer; what is missing still is
/// made up by decoding the last one later.
Result<> Output::write_last(Track& track) {
    if (track.last_ == nullptr) return {};
    const std::int64_t steps = track.last_->dts - track.first_dts_;
    const std::int64_t length = track.end_pts_ - track.first_pts_;
    AVPacket& last = *track.last_;
    const std::int64_t missing = length - steps;
    const std::int64_t shown = track.end_pts_ - last.pts;
    last.duration = std::max<std::int64_t>(1, std::min(missing, shown));
    if (missing > shown) {
        last.dts = std::min(last.dts + missing - shown, last.pts);
        ++track.index_.time_runs;
    }
    return check(av_interleaved_write_frame(format_.get(), track.last_.get()));
}

void Output::note(Track& track, const AVPacket& packet) {
    if (packet.size == 0) return;  // carries a late header only
    TrackFacts& facts = track.facts_;
    const double seconds = av_q2d(track.stream_.time_base);
    const double begin = static_cast<double>(packet.pts) * seconds;
    const double end = static_cast<double>(packet.pts + packet.duration) * seconds;
    facts.begin = facts.packets == 0 ? begin : std::min(facts.begin, begin);
    facts.end = facts.packets == 0 ? end : std::max(facts.end, end);
    ++facts.packets;
    facts.bytes += packet.size;
    facts.longest = std::max(facts.longest, end - begin);
    if (track.first_dts_ == kNoTime) {
        track.first_dts_ = packet.dts;
        track.first_pts_ = track.end_pts_ = packet.pts;
    }
    track.first_pts_ = std::min(track.first_pts_, packet.pts);
    track.end_pts_ = std::max(track.end_pts_, packet.pts + packet.duration);

    const bool is_first = track.last_dts_ == kNoTime;
    const std::int64_t step = is_first ? kNoTime : packet.dts - track.last_dts_;
    const std::int64_t offset = packet.pts - packet.dts;
    if (is_first || step != track.last_step_) ++track.index_.time_runs;
    if (offset != track.last_offset_) ++track.index_.offset_runs;
    track.last_step_ = step;
    track.last_dts_ = packet.dts;
    track.last_offset_ = offset;
    // The muxer writes nothing, as a sample, where a caption ends.
    if (facts.is_text) {
        ++track.index_.samples;
        track.index_.time_runs += 2;
    }
    ++track.index_.samples;
    if (facts.is_video && is_key(packet)) ++track.index_.keys;
    track.index_.bytes += packet.size;
}

void Output::tell_meter() {
    if (meter_ == nullptr) return;
    std::optional<double> least;
    for (const auto& track : tracks_) {
        if (!track->is_finished_ && !track->facts_.is_text)
            least = std::min(least.value_or(1e18), track->facts_.end);
    }
    if (least) meter_->written(meter_number_, *least);
}

Result<> Output::begin() {
    for (const auto& track : tracks_) {
        if (!track->is_described_)
            return Error{ErrorKind::kInternalError, "a track without a description", ""};
    }
    AVDictionary* raw = nullptr;
    for (const auto& option : file_.options) {
        av_dict_set(&raw, std::string(option.key()).c_str(), text_of(option.value()).c_str(), 0);
    }
    if (file_.moov_size > 0) av_dict_set_int(&raw, "moov_size", file_.moov_size, 0);
    const int code = avformat_write_header(format_.get(), &raw);
    const Dictionary left(raw);
    TRY(check(code));
    reserve_at_ = avio_tell(io_.get()) - kDataHeader - file_.moov_size;
    front_ = told_ = std::max(kFront, reserve_at_ + file_.moov_size + kDataHeader);
    has_header_ = true;
    return {};
}

Result<> Output::finish(Track& track) {
    const MutexLock lock(mutex_);
    track.is_finished_ = true;
    if (has_header_) TRY(write_last(track));
    const bool is_last =
        std::ranges::all_of(tracks_, [](const auto& it) { return it->is_finished_; });
    if (!is_last) return {};
    return end();
}

bool Output::is_reserve_enough() const {
    std::vector<IndexEntries> entries;
    for (const auto& track : tracks_) entries.push_back(track->index_);
    return index_size(entries, file_.metadata) + 8 <= file_.moov_size;
}

Result<> Output::end() {
    if (!has_header_) TRY(begin());
    const bool is_reserved = file_.moov_size > 0;
    const bool is_second_pass = is_reserved && !is_reserve_enough();
    // Without reserved room the muxer puts the index at the end.
    if (is_second_pass) TRY(check(av_opt_set_int(format_->priv_data, "moov_size", 0, 0)));
    TRY(check(av_write_trailer(format_.get())));
    avio_flush(io_.get());
    TRY(check(io_->error));
    if (is_second_pass) {
        is_rewritten_ = told_ > front_;
        TRY(move_index_to_front(descriptor_.get(), reserve_at_, file_.moov_size));
    }
    size_ = ::lseek(descriptor_.get(), 0, SEEK_END);
    return {};
}

/// Bytes were written from `from` up to position_.
void Output::note_growth(std::int64_t from) {
    if (!growth_ || !has_header_) return;
    if (from < told_ && position_ > front_) is_rewritten_ = is_rewritten_ || told_ > front_;
    if (size_ - told_ < kGrowth) return;
    growth_(told_, size_);
    told_ = size_;
}

/// What a code of libav means while writing: a failure of our own I/O is known better.
Result<> Output::check(int code) {
    if (code >= 0 && !io_error_) return {};
    if (io_error_) return *io_error_;
    return output_error(code, "write the " + file_.muxer + " file");
}

int Output::write_bytes(void* self, WriteBuffer bytes, int size) {
    auto& output = *static_cast<Output*>(self);
    const auto wanted = output.position_ + size;
    if (wanted > output.limits_.output_bytes) {
        output.io_error_ = Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "the output would be larger than {} bytes; choose a lower quality or bitrate, or a "
                "part with start and end",
                output.limits_.output_bytes
            ),
            "", LimitReached{"output_bytes", static_cast<double>(output.limits_.output_bytes)}
        };
        return AVERROR(EFBIG);
    }
    int done = 0;
    while (done < size) {
        const auto count = ::pwrite(
            output.descriptor_.get(), bytes + done, static_cast<std::size_t>(size - done),
            output.position_ + done
        );
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int code = AVERROR(errno);
            output.io_error_ = output_error(code, "write the output file");
            return code;
        }
        done += static_cast<int>(count);
    }
    const auto from = std::exchange(output.position_, wanted);
    output.size_ = std::max(output.size_, wanted);
    output.note_growth(from);
    return size;
}

std::int64_t Output::seek_bytes(void* self, std::int64_t offset, int whence) {
    auto& output = *static_cast<Output*>(self);
    if (whence == AVSEEK_SIZE) return output.size_;
    if (whence == SEEK_CUR) offset += output.position_;
    if (whence == SEEK_END) offset += output.size_;
    if (offset < 0) return AVERROR(EINVAL);
    output.position_ = offset;
    return offset;
}

}  // namespace ittybit::media
