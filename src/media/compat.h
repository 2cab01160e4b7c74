#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/handles.h"

/// Every difference between FFmpeg 5.1, 6 and 7 that we meet, and no other file asks for versions.
namespace ittybit::media {

#define ITTYBIT_LAVU_SINCE(major, minor) \
    (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(major, minor, 100))
#define ITTYBIT_LAVC_SINCE(major, minor) \
    (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(major, minor, 100))
#define ITTYBIT_LAVF_SINCE(major, minor) \
    (LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(major, minor, 100))

/// Whether the Matroska muxer adds a codec's delay to timestamps, as its readers take it away
/// again; older ones only tell the delay.
#define ITTYBIT_LAVF_ADDS_CODEC_DELAY ITTYBIT_LAVF_SINCE(61, 0)

/// Bits of a sample of FLAC that its decoder knows.
constexpr int kDeepestFlac = LIBAVCODEC_VERSION_MAJOR >= 60 ? 32 : 24;

/// Whether a filter graph must be told the colours of what comes in.
#define ITTYBIT_LAVFI_TAGS_COLOUR (LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(10, 1, 100))

/// What a custom I/O's write callback is given.
#if ITTYBIT_LAVF_SINCE(61, 0)
using WriteBuffer = const std::uint8_t*;
#else
using WriteBuffer = std::uint8_t*;
#endif

/// The stream's side data of a type; empty when it has none.
inline std::span<const std::uint8_t> side_data(const AVStream& stream, AVPacketSideDataType type) {
#if ITTYBIT_LAVC_SINCE(60, 31)
    const AVCodecParameters& codec = *stream.codecpar;
    const AVPacketSideData* found =
        av_packet_side_data_get(codec.coded_side_data, codec.nb_coded_side_data, type);
    if (found == nullptr) return {};
    return {found->data, found->size};
#else
    std::size_t size = 0;
    const std::uint8_t* data = av_stream_get_side_data(&stream, type, &size);
    if (data == nullptr) return {};
    return {data, size};
#endif
}

/// Room of `size` bytes in the stream for side data of a type; nullptr when memory is out.
inline std::uint8_t* add_side_data(AVStream& stream, AVPacketSideDataType type, std::size_t size) {
#if ITTYBIT_LAVC_SINCE(60, 31)
    AVCodecParameters& codec = *stream.codecpar;
    AVPacketSideData* made =
        av_packet_side_data_new(&codec.coded_side_data, &codec.nb_coded_side_data, type, size, 0);
    return made == nullptr ? nullptr : made->data;
#else
    return av_stream_new_side_data(&stream, type, size);
#endif
}

inline bool is_key_frame(const AVFrame& frame) {
#if ITTYBIT_LAVU_SINCE(58, 7)
    return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
    return frame.key_frame != 0;
#endif
}

inline bool is_interlaced(const AVFrame& frame) {
#if ITTYBIT_LAVU_SINCE(58, 7)
    return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
    return frame.interlaced_frame != 0;
#endif
}

inline bool is_top_field_first(const AVFrame& frame) {
#if ITTYBIT_LAVU_SINCE(58, 7)
    return (frame.flags & AV_FRAME_FLAG_TOP_FIELD_FIRST) != 0;
#else
    return frame.top_field_first != 0;
#endif
}

/// Marks a frame as holding one progressive picture.
inline void set_progressive(AVFrame& frame) {
#if ITTYBIT_LAVU_SINCE(58, 7)
    frame.flags &= ~(AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST);
#else
    frame.interlaced_frame = 0;
    frame.top_field_first = 0;
#endif
}

/// Both fields of the frame are moments of their own.
inline void tell_interlaced(AVFrame& frame, bool is_top_first) {
#if ITTYBIT_LAVU_SINCE(58, 7)
    frame.flags |= AV_FRAME_FLAG_INTERLACED | (is_top_first ? AV_FRAME_FLAG_TOP_FIELD_FIRST : 0);
#else
    frame.interlaced_frame = 1;
    frame.top_field_first = is_top_first ? 1 : 0;
#endif
}

/// How long the frame is shown, in its stream's time base; 0 when not known.
inline std::int64_t duration_of(const AVFrame& frame) {
#if ITTYBIT_LAVU_SINCE(57, 30)
    return frame.duration;
#else
    return frame.pkt_duration;
#endif
}

inline void set_duration(AVFrame& frame, std::int64_t duration) {
#if ITTYBIT_LAVU_SINCE(57, 30)
    frame.duration = duration;
#else
    frame.pkt_duration = duration;
#endif
}

/// What a codec can take. Each is empty when the codec does not say, which means anything.
#if ITTYBIT_LAVC_SINCE(61, 13)
template <typename T>
std::span<const T> supported(const AVCodec& codec, AVCodecConfig what) {
    const void* first = nullptr;
    int count = 0;
    if (avcodec_get_supported_config(nullptr, &codec, what, 0, &first, &count) < 0) return {};
    return {static_cast<const T*>(first), static_cast<std::size_t>(first == nullptr ? 0 : count)};
}
inline std::span<const AVPixelFormat> pixel_formats(const AVCodec& codec) {
    return supported<AVPixelFormat>(codec, AV_CODEC_CONFIG_PIX_FORMAT);
}
inline std::span<const AVSampleFormat> sample_formats(const AVCodec& codec) {
    return supported<AVSampleFormat>(codec, AV_CODEC_CONFIG_SAMPLE_FORMAT);
}
inline std::span<const int> sample_rates(const AVCodec& codec) {
    return supported<int>(codec, AV_CODEC_CONFIG_SAMPLE_RATE);
}
inline std::span<const AVChannelLayout> channel_layouts(const AVCodec& codec) {
    return supported<AVChannelLayout>(codec, AV_CODEC_CONFIG_CHANNEL_LAYOUT);
}
#else
template <typename T, typename IsEnd>
std::span<const T> up_to(const T* first, IsEnd is_end) {
    std::size_t count = 0;
    while (first != nullptr && !is_end(first[count])) ++count;
    return {first, count};
}
inline std::span<const AVPixelFormat> pixel_formats(const AVCodec& codec) {
    return up_to(codec.pix_fmts, [](AVPixelFormat format) { return format == AV_PIX_FMT_NONE; });
}
inline std::span<const AVSampleFormat> sample_formats(const AVCodec& codec) {
    return up_to(codec.sample_fmts, [](AVSampleFormat f) { return f == AV_SAMPLE_FMT_NONE; });
}
inline std::span<const int> sample_rates(const AVCodec& codec) {
    return up_to(codec.supported_samplerates, [](int rate) { return rate == 0; });
}
inline std::span<const AVChannelLayout> channel_layouts(const AVCodec& codec) {
    return up_to(codec.ch_layouts, [](const AVChannelLayout& l) { return l.nb_channels == 0; });
}
#endif

}  // namespace ittybit::media
