#include "media/text_track.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "media/error.h"

namespace ittybit::media {
namespace {

/// Where a caption is shown, in WebVTT's words (4.3).
constexpr std::string_view kOnTop = "line:0";

Result<Packet> packet_of(const std::string& bytes) {
    Packet packet = make_packet();
    const int code = av_new_packet(packet.get(), static_cast<int>(bytes.size()));
    if (code < 0) return output_error(code, "write the subtitles");
    std::ranges::copy(bytes, packet->data);
    return packet;
}

Result<> put_on_top(AVPacket& packet) {
    auto* const settings =
        av_packet_new_side_data(&packet, AV_PKT_DATA_WEBVTT_SETTINGS, kOnTop.size());
    if (settings == nullptr) return output_error(AVERROR(ENOMEM), "write the subtitles");
    std::ranges::copy(kOnTop, settings);
    return {};
}

}  // namespace

CodecParameters describe(TextForm form, const Size& size) {
    CodecParameters codec(avcodec_parameters_alloc());
    codec->codec_type = AVMEDIA_TYPE_SUBTITLE;
    codec->codec_id = form == TextForm::kMovText ? AV_CODEC_ID_MOV_TEXT : AV_CODEC_ID_WEBVTT;
    if (form != TextForm::kMovText) return codec;
    codec->width = size.width;
    codec->height = size.height;
    const std::string description = timed_text_description(size);
    codec->extradata =
        static_cast<std::uint8_t*>(av_mallocz(description.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    codec->extradata_size = static_cast<int>(description.size());
    std::ranges::copy(description, codec->extradata);
    return codec;
}

TextFeed::TextFeed(TextForm form, std::vector<Caption> captions, Sink<Packet>& track)
    : form_(form),
      captions_(form == TextForm::kMovText ? in_sequence(captions) : std::move(captions)),
      track_(track) {}

Result<> TextFeed::up_to(double seconds) {
    const auto is_due = [&] {
        return next_ < captions_.size() &&
               static_cast<double>(captions_[next_].start) < seconds * 1000;
    };
    while (is_due()) TRY(push(captions_[next_++]));
    return {};
}

Result<> TextFeed::finish() {
    while (next_ < captions_.size()) TRY(push(captions_[next_++]));
    return track_.finish();
}

Result<> TextFeed::push(const Caption& caption) {
    const bool is_webvtt = form_ == TextForm::kWebvtt;
    Packet packet = TRY(packet_of(is_webvtt ? webvtt_text(caption) : timed_text(caption)));
    if (is_webvtt && caption.is_on_top) TRY(put_on_top(*packet));
    packet->time_base = {1, 1000};
    packet->pts = packet->dts = caption.start;
    packet->duration = caption.end - caption.start;
    packet->flags |= AV_PKT_FLAG_KEY;
    return track_.push(std::move(packet));
}

}  // namespace ittybit::media
