#include "media/encoder.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/thread_safety.h"
#include "media/compat.h"
#include "media/error.h"

namespace ittybit::media {
namespace {

std::string text_of(const json::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    return compact_json(value);
}

Result<const AVCodec*> find_encoder(const std::string& name) {
    const AVCodec* found = avcodec_find_encoder_by_name(name.c_str());
    if (found != nullptr) return found;
    return Error{ErrorKind::kEncodeFailed, "this build of FFmpeg lacks the encoder " + name, ""};
}

/// Held while an encoder is opened or closed. SVT-AV1 allocates what it knows of the processors
/// when one is opened, for all of the process, and frees it when any is closed.
Mutex& openings() {
    static Mutex mutex;
    return mutex;
}

/// Some side data of the source (HDR, motion vectors) that describes another picture by now.
/// Captions do not; null where there is none.
const AVFrameSideData* stale_side_data(const AVFrame& frame) {
    for (int i = 0; i < frame.nb_side_data; ++i)
        if (frame.side_data[i]->type != AV_FRAME_DATA_A53_CC) return frame.side_data[i];
    return nullptr;
}

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::open(const PictureEncoding& how, Sink<Packet>& next) {
    std::unique_ptr<Encoder> made(new Encoder(next));
    if (how.restarts_at_keys) made->again_ = how;
    TRY(made->open_pictures(how));
    return made;
}

Encoder::~Encoder() {
    close();
}

/// SVT-AV1 that is closed before its first picture waits for it for ever, and so is given one.
void Encoder::give_a_picture() {
    const bool would_wait = codec_ != nullptr && frames_ == 0 &&
                            avcodec_is_open(codec_.get()) != 0 &&
                            std::string_view(codec_->codec->name) == "libsvtav1";
    if (!would_wait) return;
    const Frame blank = make_frame();
    blank->format = codec_->pix_fmt;
    blank->width = codec_->width;
    blank->height = codec_->height;
    blank->pts = 0;
    const Packet unused = make_packet();
    if (av_frame_get_buffer(blank.get(), 0) < 0) return;
    if (avcodec_send_frame(codec_.get(), blank.get()) < 0) return;
    avcodec_send_frame(codec_.get(), nullptr);
    while (avcodec_receive_packet(codec_.get(), unused.get()) >= 0) av_packet_unref(unused.get());
}

void Encoder::close() {
    give_a_picture();
    const MutexLock lock(openings());
    codec_.reset();
}

Result<> Encoder::open_pictures(const PictureEncoding& how) {
    const AVCodec* encoder = TRY(find_encoder(how.encoder));
    close();
    codec_.reset(avcodec_alloc_context3(encoder));
    AVCodecContext& codec = *codec_;
    codec.width = how.width;
    codec.height = how.height;
    codec.pix_fmt = AV_PIX_FMT_YUV420P;
    codec.sample_aspect_ratio = {1, 1};
    codec.time_base = {1, how.ticks};
    codec.framerate = {how.fps_num, how.fps_den};
    codec.gop_size = how.key_interval;
    codec.thread_count = how.threads;
    codec.color_primaries =
        static_cast<AVColorPrimaries>(av_color_primaries_from_name(how.colour.primaries.c_str()));
    codec.color_trc = static_cast<AVColorTransferCharacteristic>(
        av_color_transfer_from_name(how.colour.transfer.c_str())
    );
    codec.colorspace =
        static_cast<AVColorSpace>(av_color_space_from_name(how.colour.matrix.c_str()));
    codec.color_range = AVCOL_RANGE_MPEG;
    if (how.bitrate) codec.bit_rate = *how.bitrate;
    if (how.max_bitrate) codec.rc_max_rate = *how.max_bitrate;
    if (how.buffer_bits) codec.rc_buffer_size = static_cast<int>(*how.buffer_bits);
    return open_codec(*encoder, how.options);
}

Result<std::unique_ptr<Encoder>> Encoder::open(const SoundEncoding& how, Sink<Packet>& next) {
    const AVCodec* encoder = TRY(find_encoder(how.encoder));
    std::unique_ptr<Encoder> made(new Encoder(next));
    made->codec_.reset(avcodec_alloc_context3(encoder));
    AVCodecContext& codec = *made->codec_;
    codec.sample_rate = how.format.sample_rate;
    codec.sample_fmt = av_get_sample_fmt(how.format.sample_format.c_str());
    codec.time_base = {1, how.format.sample_rate};
    codec.thread_count = 1;
    const int code = av_channel_layout_from_string(&codec.ch_layout, how.format.layout.c_str());
    if (code < 0) return output_error(code, "set up the encoder");
    if (how.bitrate) codec.bit_rate = *how.bitrate;
    if (how.bits_per_sample) codec.bits_per_raw_sample = *how.bits_per_sample;
    TRY(made->open_codec(*encoder, how.options));
    const int chunk = std::max(codec.frame_size, 1024);
    made->fifo_.reset(av_audio_fifo_alloc(codec.sample_fmt, codec.ch_layout.nb_channels, chunk * 2)
    );
    return made;
}

Result<> Encoder::open_codec(const AVCodec& encoder, const json::object& options) {
    codec_->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* raw = nullptr;
    for (const auto& option : options) {
        av_dict_set(&raw, std::string(option.key()).c_str(), text_of(option.value()).c_str(), 0);
    }
    const int code = [&] {
        const MutexLock lock(openings());
        return avcodec_open2(codec_.get(), &encoder, &raw);
    }();
    const Dictionary left(raw);
    if (code < 0) return output_error(code, fmt::format("open the encoder {}", encoder.name));
    if (const auto* entry = av_dict_get(left.get(), "", nullptr, AV_DICT_IGNORE_SUFFIX)) {
        return Error{
            ErrorKind::kEncodeFailed,
            fmt::format("the encoder {} has no option {}", encoder.name, entry->key), ""
        };
    }
    return {};
}

Result<> Encoder::push(Frame frame) {
    return fifo_ == nullptr ? push_picture(std::move(frame)) : push_sound(*frame);
}

Result<> Encoder::push_picture(Frame frame) {
    if (again_ && frames_ > 0 && frame->pict_type == AV_PICTURE_TYPE_I) {
        TRY(send(nullptr));
        TRY(open_pictures(*again_));
    }
    durations_.insert_or_assign(frame->pts, duration_of(*frame));
    frame->sample_aspect_ratio = {1, 1};
    set_progressive(*frame);
    while (const auto* stale = stale_side_data(*frame))
        av_frame_remove_side_data(frame.get(), stale->type);
    return send(frame.get());
}

Result<> Encoder::push_sound(const AVFrame& frame) {
    const int code = av_audio_fifo_write(
        fifo_.get(), reinterpret_cast<void**>(frame.extended_data), frame.nb_samples
    );
    if (code < 0) return output_error(code, "encode the sound");
    const int chunk = codec_->frame_size > 0 ? codec_->frame_size : 1024;
    while (av_audio_fifo_size(fifo_.get()) >= chunk) TRY(send_samples(chunk));
    return {};
}

Result<> Encoder::send_samples(int count) {
    Frame frame = make_frame();
    frame->format = codec_->sample_fmt;
    frame->sample_rate = codec_->sample_rate;
    frame->nb_samples = count;
    int code = av_channel_layout_copy(&frame->ch_layout, &codec_->ch_layout);
    if (code >= 0) code = av_frame_get_buffer(frame.get(), 0);
    if (code >= 0) {
        code =
            av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->extended_data), count);
    }
    if (code < 0) return output_error(code, "encode the sound");
    frame->pts = samples_;
    samples_ += count;
    return send(frame.get());
}

Result<> Encoder::send(AVFrame* frame) {
    if (frame != nullptr) ++frames_;
    if (is_enough_()) return {};
    const int code = avcodec_send_frame(codec_.get(), frame);
    if (code < 0) return output_error(code, fmt::format("encode with {}", codec_->codec->name));
    return receive_all();
}

Result<> Encoder::receive_all() {
    while (!is_enough_()) {
        Packet packet = make_packet();
        const int code = avcodec_receive_packet(codec_.get(), packet.get());
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
        if (code < 0) return output_error(code, fmt::format("encode with {}", codec_->codec->name));
        packet->time_base = codec_->time_base;
        mend_decoding_time(*packet);
        if (const auto known = durations_.find(packet->pts); known != durations_.end()) {
            packet->duration = known->second;
            durations_.erase(known);
        }
        TRY(next_.push(std::move(packet)));
    }
    return {};
}

/// x265 learns from its third picture how far it reorders. Fewer are never reordered, and it takes
/// their decoding times from memory that it has not written.
void Encoder::mend_decoding_time(AVPacket& packet) const {
    constexpr std::int64_t kReordered = 3;
    if (codec_->codec_id == AV_CODEC_ID_HEVC && frames_ < kReordered) packet.dts = packet.pts;
}

Result<> Encoder::finish() {
    if (fifo_ != nullptr) {
        if (const int rest = av_audio_fifo_size(fifo_.get()); rest > 0) TRY(send_samples(rest));
    }
    if (frames_ == 0 && may_be_empty_) return next_.finish();
    if (frames_ == 0) {
        return Error{
            ErrorKind::kCorruptMedia,
            fifo_ == nullptr ? "no picture of the video could be decoded in the chosen part"
                             : "no sound could be decoded in the chosen part",
            ""
        };
    }
    TRY(send(nullptr));
    return next_.finish();
}

}  // namespace ittybit::media
