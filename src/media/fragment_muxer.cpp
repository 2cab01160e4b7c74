#include "media/fragment_muxer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "media/error.h"

namespace ittybit::media {
namespace {

constexpr int kIoBytes = 65536;

Result<> check(int code) {
    if (code < 0) return output_error(code, "write a segment");
    return {};
}

/// What makes the muxer's fragments CMAF: cut where we flush, the index after the first packets.
Dictionary options_for(const AVCodecContext& codec) {
    const bool is_video = codec.codec_type == AVMEDIA_TYPE_VIDEO;
    AVDictionary* options = nullptr;
    av_dict_set(
        &options, "movflags", "+cmaf+frag_custom+negative_cts_offsets+delay_moov+skip_trailer", 0
    );
    av_dict_set(&options, "use_editlist", is_video ? "0" : "1", 0);
    if (is_video) {
        av_dict_set(&options, "brand", "cmf2", 0);
        av_dict_set_int(&options, "video_track_timescale", codec.time_base.den, 0);
    }
    return Dictionary(options);
}

/// The muxer takes one brand from us, for the whole of CMAF's demands on pictures; readers that go
/// by the base format look for `iso6`, which stands in for the oldest brand it names itself.
void name_base_brand(Bytes& init) {
    constexpr std::string_view kOld = "mp41";
    constexpr std::string_view kNew = "iso6";
    const auto found = std::ranges::search(init, kOld);
    if (!found.empty()) std::ranges::copy(kNew, found.begin());
}

}  // namespace

ByteView segment_head() {
    static constexpr std::array<std::uint8_t, 28> kBox = {
        0, 0, 0,   28,  's', 't', 'y', 'p', 'c', 'm', 'f', 's', 0,   0,
        0, 0, 'c', 'm', 'f', 's', 'c', 'm', 'f', 'f', 'i', 's', 'o', '6',
    };
    return kBox;
}

FragmentMuxer::FragmentMuxer()
    : io_(avio_alloc_context(
          static_cast<unsigned char*>(av_malloc(kIoBytes)),
          kIoBytes,
          1,
          this,
          nullptr,
          &FragmentMuxer::write_bytes,
          nullptr
      )) {}

int FragmentMuxer::write_bytes(void* self, WriteBuffer bytes, int size) {
    auto& written = static_cast<FragmentMuxer*>(self)->written_;
    written.insert(written.end(), bytes, bytes + size);
    return size;
}

Result<std::unique_ptr<FragmentMuxer>> FragmentMuxer::open(
    const AVCodecContext& codec, const std::string& language
) {
    std::unique_ptr<FragmentMuxer> made(new FragmentMuxer);
    TRY(made->begin(codec, language));
    return made;
}

Result<> FragmentMuxer::begin(const AVCodecContext& codec, const std::string& language) {
    AVFormatContext* format = nullptr;
    TRY(check(avformat_alloc_output_context2(&format, nullptr, "mp4", nullptr)));
    format_.reset(format);
    format_->pb = io_.get();
    format_->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    format_->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    AVStream* stream = avformat_new_stream(format_.get(), nullptr);
    TRY(check(avcodec_parameters_from_context(stream->codecpar, &codec)));
    stream->codecpar->codec_tag =
        codec.codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
    stream->time_base = codec.time_base;
    stream->avg_frame_rate = codec.framerate;
    av_dict_set(&stream->metadata, "language", language.c_str(), 0);
    AVDictionary* options = options_for(codec).release();
    const int code = avformat_write_header(format_.get(), &options);
    const Dictionary unused(options);
    return check(code);
}

Result<Bytes> FragmentMuxer::chunk(std::span<const Packet> packets) {
    const AVStream& stream = *format_->streams[0];
    for (const auto& packet : packets) {
        const Packet written = share(*packet);
        av_packet_rescale_ts(written.get(), packet->time_base, stream.time_base);
        written->stream_index = 0;
        TRY(check(av_write_frame(format_.get(), written.get())));
    }
    if (init_.empty()) {
        init_ = TRY(flush());  // the first flush writes the index alone
        name_base_brand(init_);
    }
    return flush();
}

Result<Bytes> FragmentMuxer::flush() {
    TRY(check(av_write_frame(format_.get(), nullptr)));
    avio_flush(io_.get());
    return std::exchange(written_, {});
}

}  // namespace ittybit::media
