#pragma once

#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavcodec/vorbis_parser.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/imgutils.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

/// The only place that includes libav. Each of its objects is owned by one of these from the line
/// that makes it.
namespace ittybit::media {

/// Frees whatever libav made.
struct Free {
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
    void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
    void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
    void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
    void operator()(AVVorbisParseContext* parser) const { av_vorbis_parse_free(&parser); }
    void operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }
    void operator()(AVFilterInOut* ends) const { avfilter_inout_free(&ends); }
    void operator()(AVDictionary* dictionary) const { av_dict_free(&dictionary); }
    void operator()(AVAudioFifo* fifo) const { av_audio_fifo_free(fifo); }
    void operator()(AVBufferRef* buffer) const { av_buffer_unref(&buffer); }
    void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
    void operator()(SwrContext* resampler) const { swr_free(&resampler); }
    void operator()(char* text) const { av_free(text); }

    /// A custom I/O context with the buffer it has by now.
    void operator()(AVIOContext* io) const {
        if (io != nullptr) av_freep(static_cast<void*>(&io->buffer));
        avio_context_free(&io);
    }
};

using Frame = std::unique_ptr<AVFrame, Free>;
using Packet = std::unique_ptr<AVPacket, Free>;
using CodecContext = std::unique_ptr<AVCodecContext, Free>;
using CodecParameters = std::unique_ptr<AVCodecParameters, Free>;
using BitstreamFilter = std::unique_ptr<AVBSFContext, Free>;
using VorbisParser = std::unique_ptr<AVVorbisParseContext, Free>;
using FilterGraph = std::unique_ptr<AVFilterGraph, Free>;
using FilterEnds = std::unique_ptr<AVFilterInOut, Free>;
using Dictionary = std::unique_ptr<AVDictionary, Free>;
using AudioFifo = std::unique_ptr<AVAudioFifo, Free>;
using Buffer = std::unique_ptr<AVBufferRef, Free>;
using Scaler = std::unique_ptr<SwsContext, Free>;
using Resampler = std::unique_ptr<SwrContext, Free>;
using Text = std::unique_ptr<char, Free>;
using CustomIo = std::unique_ptr<AVIOContext, Free>;

inline Frame make_frame() {
    return Frame(av_frame_alloc());
}
inline Packet make_packet() {
    return Packet(av_packet_alloc());
}

/// Another reference to the same pixels or samples, which both then only read.
inline Frame share(const AVFrame& frame) {
    return Frame(av_frame_clone(&frame));
}
inline Packet share(const AVPacket& packet) {
    return Packet(av_packet_clone(&packet));
}

inline bool is_key(const AVPacket& packet) {
    return (packet.flags & AV_PKT_FLAG_KEY) != 0;
}

/// libav's AV_NOPTS_VALUE and AV_TIME_BASE_Q, whose macros are no C++.
inline constexpr std::int64_t kNoTime = INT64_MIN;
inline constexpr AVRational kMicroseconds = {1, AV_TIME_BASE};

}  // namespace ittybit::media
