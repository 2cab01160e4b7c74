#include "media/decoder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "media/compat.h"
#include "media/error.h"
#include "media/pixel_format.h"
#include "media/programs.h"
#include "media/stream.h"

namespace ittybit::media {
namespace {

/// libav's own VP8 and VP9 decoders drop the transparency that WebM keeps beside the picture.
const AVCodec* find_decoder(const AVStream& stream) {
    const AVCodecID codec = stream.codecpar->codec_id;
    if (has_alpha(stream) && (codec == AV_CODEC_ID_VP8 || codec == AV_CODEC_ID_VP9)) {
        const auto* name = codec == AV_CODEC_ID_VP8 ? "libvpx" : "libvpx-vp9";
        if (const AVCodec* found = avcodec_find_decoder_by_name(name)) return found;
    }
    return avcodec_find_decoder(codec);
}

/// Dolby Vision without a layer that others can show: its colours (IPTPQc2) mean nothing to them.
bool is_dolby_only(const AVStream& stream) {
    const auto bytes = side_data(stream, AV_PKT_DATA_DOVI_CONF);
    if (bytes.size() < sizeof(AVDOVIDecoderConfigurationRecord)) return false;
    const auto& told = *reinterpret_cast<const AVDOVIDecoderConfigurationRecord*>(bytes.data());
    const bool is_single_layer = told.dv_profile == 5 || told.dv_profile == 10;
    return is_single_layer && told.dv_bl_signal_compatibility_id == 0;
}

/// Sample descriptions of protected tracks (ISO 23001-7).
bool is_encrypted(const AVStream& stream) {
    if (!side_data(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO).empty()) return true;
    const auto tag = stream.codecpar->codec_tag;
    return tag == MKTAG('e', 'n', 'c', 'v') || tag == MKTAG('e', 'n', 'c', 'a') ||
           tag == MKTAG('d', 'r', 'm', 'i') || tag == MKTAG('d', 'r', 'm', 's');
}

std::string name_of(const Input& input, const AVStream& stream) {
    const bool is_video = stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    const std::string what = is_video ? (is_image(input.sniffed()) ? "picture" : "video") : "audio";
    return "the " + what + " (" + avcodec_get_name(stream.codecpar->codec_id) + ")";
}

/// Whether pictures say themselves if they are made of fields; those of other codings are what the
/// container says.
bool tells_fields(AVCodecID codec) {
    switch (codec) {
        case AV_CODEC_ID_MPEG1VIDEO:
        case AV_CODEC_ID_MPEG2VIDEO:
        case AV_CODEC_ID_MPEG4:
        case AV_CODEC_ID_H264:
        case AV_CODEC_ID_HEVC:
        case AV_CODEC_ID_VC1:
        case AV_CODEC_ID_WMV3:
        case AV_CODEC_ID_DVVIDEO:
        case AV_CODEC_ID_PRORES:
        case AV_CODEC_ID_DNXHD:
        case AV_CODEC_ID_THEORA:
        case AV_CODEC_ID_VP8:
        case AV_CODEC_ID_VP9:
        case AV_CODEC_ID_AV1: return true;
        default: return false;
    }
}

Error encrypted(const std::string& name) {
    return {
        ErrorKind::kUnsupportedMedia, name + " is encrypted: upload a file without copy protection",
        "input"
    };
}

/// FLAC says in its STREAMINFO (RFC 9639, 8.2) how many bits a sample has.
bool is_too_deep(const AVStream& stream) {
    const AVCodecParameters& codec = *stream.codecpar;
    if (codec.codec_id != AV_CODEC_ID_FLAC || codec.extradata_size < 14) return false;
    const int bits = ((codec.extradata[12] & 1) << 4 | codec.extradata[13] >> 4) + 1;
    return bits > kDeepestFlac;
}

/// The header that a packet brings for a decoder which libav gives one only when it is opened.
std::span<const std::uint8_t> new_header(const AVPacket& packet, AVCodecID codec) {
    if (codec != AV_CODEC_ID_OPUS && codec != AV_CODEC_ID_FLAC && codec != AV_CODEC_ID_THEORA)
        return {};
    std::size_t size = 0;
    const auto* bytes = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    return {bytes, bytes == nullptr ? 0 : size};
}

}  // namespace

bool is_decodable(const AVStream& stream) {
    return !is_encrypted(stream) && !is_dolby_only(stream) && !is_too_deep(stream) &&
           find_decoder(stream) != nullptr;
}

Error why_not_decodable(const Input& input, int stream_index) {
    const AVStream& stream = input.stream(stream_index);
    const std::string name = name_of(input, stream);
    if (is_encrypted(stream)) return encrypted(name);
    if (is_dolby_only(stream)) {
        return Error{
            ErrorKind::kUnsupportedMedia,
            name +
                " is Dolby Vision of a profile that only Dolby's decoders show in right colours:"
                " convert it to HDR10, HLG or SDR, or use the audio kind",
            "input"
        };
    }
    if (is_too_deep(stream)) {
        return Error{
            ErrorKind::kUnsupportedMedia,
            name + " is FLAC of more bits than are supported: convert it to 24 bits a sample",
            "input"
        };
    }
    return Error{
        ErrorKind::kUnsupportedMedia,
        name +
            " is in a codec that is not supported: convert it to a common one such as H.264 or"
            " AAC",
        "input"
    };
}

Decoder::Decoder(
    const Input& input, const AVStream& stream, const DecoderOptions& options, Sink<Frame>& next
)
    : next_(next),
      type_(stream.codecpar->codec_type),
      time_base_(stream.time_base),
      has_decoding_times_(input.sniffed().demuxer == "avi" && type_ == AVMEDIA_TYPE_VIDEO),
      frame_rate_(type_ == AVMEDIA_TYPE_VIDEO ? frame_rate_of(input, stream) : AVRational{0, 1}),
      colours_{
          stream.codecpar->color_primaries, stream.codecpar->color_trc,
          stream.codecpar->color_space, stream.codecpar->color_range
      },
      crop_(input.crop(stream.index)),
      name_(name_of(input, stream)),
      options_(options),
      most_pixels_(input.limits().pixels),
      reader_(find_decoder(stream)),
      parameters_(avcodec_parameters_alloc()) {}

Result<std::unique_ptr<Decoder>> Decoder::open(
    const Input& input, int stream_index, const DecoderOptions& options, Sink<Frame>& next
) {
    const AVStream& stream = input.stream(stream_index);
    if (!is_decodable(stream)) return why_not_decodable(input, stream_index);
    std::unique_ptr<Decoder> decoder(new Decoder(input, stream, options, next));
    const int code = avcodec_parameters_copy(decoder->parameters_.get(), stream.codecpar);
    if (code < 0) return input_error(code, "decode " + decoder->name_);
    TRY(decoder->open_codec());
    return decoder;
}

Result<> Decoder::open_codec() {
    codec_.reset(avcodec_alloc_context3(reader_));
    if (codec_ == nullptr) return input_error(AVERROR(ENOMEM), "decode " + name_);
    if (const int code = avcodec_parameters_to_context(codec_.get(), parameters_.get()); code < 0)
        return input_error(code, "decode " + name_);

    codec_->pkt_timebase = time_base_;
    codec_->framerate = frame_rate_;
    codec_->max_pixels = most_pixels_;
    codec_->thread_count = options_.threads;
    if (options_.low_delay) codec_->thread_type = FF_THREAD_SLICE;
    if (options_.is_strict) codec_->err_recognition |= AV_EF_EXPLODE;
    if (options_.keys_only) codec_->skip_frame = AVDISCARD_NONKEY;
    if (const int code = avcodec_open2(codec_.get(), reader_, nullptr); code < 0)
        return input_error(code, "decode " + name_);
    return {};
}

Result<> Decoder::push(Packet packet) {
    ++packets_;
    // In a track that does not say so (ISO/IEC 23001-7) only its samples do. By chance some decode.
    if (av_packet_get_side_data(packet.get(), AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr)
        return encrypted(name_);
    const AVCodecID coding = told_coding(*packet);
    if (coding != AV_CODEC_ID_NONE && coding != parameters_->codec_id) TRY(change_coding(coding));
    if (const auto header = new_header(*packet, codec_->codec_id); !header.empty())
        TRY(begin_anew(header));
    if (first_dts_ == kNoTime) first_dts_ = packet->dts;
    if (codec_->codec_id == AV_CODEC_ID_GIF) packet = gif_table_.given_to(std::move(packet));
    return send(packet.get());
}

/// Of the link that begins; what is not understood leaves the one before.
Result<> Decoder::begin_anew(std::span<const std::uint8_t> header) {
    TRY(send(nullptr));
    AVCodecParameters& told = *parameters_;
    av_freep(static_cast<void*>(&told.extradata));
    told.extradata_size = static_cast<int>(header.size());
    told.extradata =
        static_cast<std::uint8_t*>(av_mallocz(header.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (told.extradata == nullptr) return input_error(AVERROR(ENOMEM), "decode " + name_);
    std::ranges::copy(header, told.extradata);
    return open_or_keep();
}

/// Streams that do so have their headers among the packets.
Result<> Decoder::change_coding(AVCodecID coding) {
    TRY(send(nullptr));
    parameters_.reset(avcodec_parameters_alloc());
    if (parameters_ == nullptr) return input_error(AVERROR(ENOMEM), "decode " + name_);
    parameters_->codec_type = type_;
    parameters_->codec_id = coding;
    reader_ = avcodec_find_decoder(coding);
    return open_or_keep();
}

Result<> Decoder::open_or_keep() {
    CodecContext before = std::move(codec_);
    if (reader_ != nullptr && open_codec()) return {};
    codec_ = std::move(before);
    avcodec_flush_buffers(codec_.get());
    note_damage(AVERROR_INVALIDDATA);
    return {};
}

Result<> Decoder::finish() {
    TRY(send(nullptr));
    const bool is_video = type_ == AVMEDIA_TYPE_VIDEO;
    if (packets_ > 0 && frames_ == 0 && (is_video || damaged_ > 0)) {
        if (is_unsupported_) return input_error(AVERROR_PATCHWELCOME, "decode " + name_);
        return Error{
            ErrorKind::kCorruptMedia,
            "nothing in " + name_ +
                " can be decoded: the file is damaged or incomplete; check"
                " that it plays",
            "input"
        };
    }
    return next_.finish();
}

void Decoder::reset() {
    avcodec_flush_buffers(codec_.get());
    first_dts_ = kNoTime;
    next_pts_ = kNoTime;
    last_pts_ = kNoTime;
}

void Decoder::leave_out_unreferenced(bool is_wanted) {
    codec_->skip_frame = is_wanted ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
}

Result<> Decoder::send(const AVPacket* packet) {
    const int code = avcodec_send_packet(codec_.get(), packet);
    if (code == AVERROR(ENOMEM)) return input_error(code, "decode " + name_);
    if (code < 0 && code != AVERROR_EOF) note_damage(code);
    return receive_all();
}

Result<> Decoder::receive_all() {
    for (;;) {
        Frame frame = make_frame();
        const int code = avcodec_receive_frame(codec_.get(), frame.get());
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
        if (code == AVERROR(ENOMEM)) return input_error(code, "decode " + name_);
        if (code < 0) {
            note_damage(code);
            continue;
        }
        TRY(pass_on(std::move(frame)));
    }
}

void Decoder::note_damage(int code) {
    ++damaged_;
    is_unsupported_ = is_unsupported_ || code == AVERROR_PATCHWELCOME || code == AVERROR(ENOSYS);
}

Result<> Decoder::pass_on(Frame frame) {
    const bool is_damaged = (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
    if (is_damaged || frame->decode_error_flags != 0) ++damaged_;
    if (type_ == AVMEDIA_TYPE_AUDIO && frame->nb_samples <= 0) return {};
    if (type_ == AVMEDIA_TYPE_VIDEO) add_what_container_tells(*frame);
    if (crop_ != Crop{}) TRY(crop(*frame));
    set_time(*frame);
    ++frames_;
    return next_.push(std::move(frame));
}

void Decoder::add_what_container_tells(AVFrame& frame) const {
    const auto format = static_cast<AVPixelFormat>(frame.format);
    fill_colours(
        is_rgb(format) ? Colours() : colours_, frame.color_primaries, frame.color_trc,
        frame.colorspace, frame.color_range
    );
    frame.format = by_matrix(format, frame.colorspace);
    const AVFieldOrder order = parameters_->field_order;
    if (order > AV_FIELD_PROGRESSIVE && !tells_fields(parameters_->codec_id))
        tell_interlaced(frame, order == AV_FIELD_TT || order == AV_FIELD_TB);
}

Result<> Decoder::crop(AVFrame& frame) const {
    frame.crop_left += static_cast<std::size_t>(crop_.left);
    frame.crop_top += static_cast<std::size_t>(crop_.top);
    frame.crop_right += static_cast<std::size_t>(crop_.right);
    frame.crop_bottom += static_cast<std::size_t>(crop_.bottom);
    const int code = av_frame_apply_cropping(&frame, AV_FRAME_CROP_UNALIGNED);
    // A picture too small for it (the size changed within the stream) stays whole.
    if (code < 0) frame.crop_left = frame.crop_top = frame.crop_right = frame.crop_bottom = 0;
    return code == AVERROR(ENOMEM) ? input_error(code, "decode " + name_) : Result<>();
}

/// AVI tells decoding times alone, and a picture's is that of the packet it comes out with: as much
/// too late as the decoder holds pictures back to bring them in order.
std::int64_t Decoder::held_back(const AVFrame& first, std::int64_t duration) const {
    const std::int64_t at = first.best_effort_timestamp;
    if (!has_decoding_times_ || at == kNoTime || first_dts_ == kNoTime) return 0;
    return std::clamp<std::int64_t>(at - first_dts_, 0, codec_->has_b_frames * duration);
}

/// Gives each frame a time: the container's where it has one, else the one that follows from the
/// frame before. Pictures never go back, whatever the container says.
void Decoder::set_time(AVFrame& frame) {
    const bool is_video = type_ == AVMEDIA_TYPE_VIDEO;
    std::int64_t duration = duration_of(frame);
    if (!is_video && frame.sample_rate > 0)
        duration = av_rescale_q(frame.nb_samples, {1, frame.sample_rate}, time_base_);
    if (is_video && duration <= 0) {
        // Of one picture alone nobody may know a rate.
        const AVRational rate = frame_rate_.num > 0 ? frame_rate_ : AVRational{25, 1};
        duration = av_rescale_q(1, av_inv_q(rate), time_base_);
    }
    duration = std::max<std::int64_t>(duration, 0);

    if (last_pts_ == kNoTime) delay_ = held_back(frame, duration);
    frame.pts = frame.best_effort_timestamp;
    if (frame.pts != kNoTime) frame.pts -= delay_;
    if (frame.pts == kNoTime) frame.pts = next_pts_ == kNoTime ? 0 : next_pts_;
    if (is_video && last_pts_ != kNoTime && frame.pts <= last_pts_) frame.pts = last_pts_ + 1;
    set_duration(frame, duration);
    last_pts_ = frame.pts;
    next_pts_ = frame.pts + std::max<std::int64_t>(duration, 1);
}

}  // namespace ittybit::media
