#include "media/joined_sound.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace ittybit::media {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const std::uint8_t>;

Bytes header_of(const AVStream& stream) {
    const AVCodecParameters& codec = *stream.codecpar;
    return {codec.extradata, static_cast<std::size_t>(codec.extradata_size)};
}

Bytes bytes_of(const AVPacket& packet) {
    return {packet.data, static_cast<std::size_t>(packet.size)};
}

/// The rate in Vorbis' first header (Vorbis I, 4.2.2); 0 of what is none.
int vorbis_rate(Bytes packet) {
    constexpr auto kFirst = "\1vorbis"sv;
    if (packet.size() < 16 || !std::ranges::equal(packet.first(kFirst.size()), kFirst)) return 0;
    return packet[12] | packet[13] << 8 | packet[14] << 16;
}

constexpr std::size_t kVorbisHeaders = 3;

/// Vorbis' headers as libav has them: a number less than theirs, the sizes of all but the last.
std::vector<std::uint8_t> laced_together(std::span<const std::vector<std::uint8_t>> headers) {
    std::vector<std::uint8_t> bytes = {kVorbisHeaders - 1};
    for (const auto& header : headers.first(kVorbisHeaders - 1)) {
        bytes.insert(bytes.end(), header.size() / 255, 255);
        bytes.push_back(static_cast<std::uint8_t>(header.size() % 255));
    }
    for (const auto& header : headers) bytes.insert(bytes.end(), header.begin(), header.end());
    return bytes;
}

/// STREAMINFO (RFC 9639, 8.2) of a header among the packets (10.1); empty where there is none.
Bytes flac_info(Bytes packet) {
    constexpr auto kFirst = "\x7F\x46LAC"sv;
    constexpr std::size_t kBefore = 17;
    constexpr std::size_t kLength = 34;
    const bool is_first =
        packet.size() >= kBefore + kLength && std::ranges::equal(packet.first(5), kFirst);
    return is_first ? packet.subspan(kBefore, kLength) : Bytes();
}

/// Headers of Opus (RFC 7845, 5) are among the packets where the next link has the same serial
/// number.
bool is_opus_header(Bytes packet) {
    constexpr auto kHead = "OpusHead"sv;
    constexpr auto kTags = "OpusTags"sv;
    return packet.size() >= kHead.size() && (std::ranges::equal(packet.first(8), kHead) ||
                                             std::ranges::equal(packet.first(8), kTags));
}

/// The rate in a frame's header (ISO/IEC 14496-3, 1.A.2.2), half of what is heard with spectral
/// band replication; 0 where there is none.
int adts_rate(const AVPacket& packet) {
    constexpr std::array kRates = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                   22050, 16000, 12000, 11025, 8000,  7350};
    if (packet.size < 7 || packet.data[0] != 0xFF || (packet.data[1] & 0xF6) != 0xF0) return 0;
    const std::size_t index = (packet.data[2] >> 2) & 15U;
    return index < kRates.size() ? kRates.at(index) : 0;
}

}  // namespace

int JoinedSound::read(AVFormatContext& format, AVPacket& packet) {
    const std::string_view demuxer = format.iformat->name;
    if (demuxer != "ogg" && demuxer != "aac") return av_read_frame(&format, &packet);
    for (;;) {
        const int code = av_read_frame(&format, &packet);
        see_streams(format);
        if (code < 0) return code;
        const auto index = static_cast<std::size_t>(packet.stream_index);
        Stream& known = streams_.at(index);
        if (demuxer == "aac") {
            follow_rate(packet, known);
            return code;
        }
        if (!is_header(packet, *format.streams[index], known)) return finish(packet, known);
        av_packet_unref(&packet);
    }
}

void JoinedSound::forget_times() {
    for (Stream& stream : streams_) stream.later = 0;
}

/// Others need not learn that libav has changed a time base.
void JoinedSound::see_streams(AVFormatContext& format) {
    for (std::size_t i = 0; i < format.nb_streams; ++i) {
        AVStream& stream = *format.streams[i];
        if (i == streams_.size()) {
            const Bytes header = header_of(stream);
            streams_.push_back(
                {.told = stream.time_base,
                 .own = stream.time_base,
                 .told_header = {header.begin(), header.end()}}
            );
        }
        stream.time_base = streams_[i].told;
    }
}

/// Takes note of a header that is new, and tells whether the packet is one that nobody else needs.
bool JoinedSound::is_header(AVPacket& packet, const AVStream& stream, Stream& known) {
    const AVCodecID codec = stream.codecpar->codec_id;
    if (codec == AV_CODEC_ID_VORBIS) {
        follow_vorbis(packet, known);
        return false;
    }
    if (const Bytes header = header_of(stream); !std::ranges::equal(header, known.told_header)) {
        known.told_header.assign(header.begin(), header.end());
        known.new_header = known.told_header;
        begin_link(known, 0);
    }
    if (codec == AV_CODEC_ID_OPUS && is_opus_header(bytes_of(packet))) {
        begin_link(known, 0);
        return true;
    }
    constexpr std::uint8_t kFrame = 0xFF;
    if (codec != AV_CODEC_ID_FLAC || packet.size == 0 || packet.data[0] == kFrame) return false;
    if (const Bytes info = flac_info(bytes_of(packet)); !info.empty()) {
        known.new_header.assign(info.begin(), info.end());
        begin_link(known, info[10] << 12 | info[11] << 4 | info[12] >> 4);
    }
    return true;
}

/// `rate`: by which its times are counted; 0 where that is as before.
void JoinedSound::begin_link(Stream& known, int rate) {
    has_changed_ = true;
    if (rate > 0) known.own = {1, rate};
}

/// The decoder takes headers as they come, but lengths are reckoned by the blocks of the first
/// link.
void JoinedSound::follow_vorbis(AVPacket& packet, Stream& known) {
    const Bytes bytes = bytes_of(packet);
    if (const int rate = vorbis_rate(bytes); rate > 0) {
        begin_link(known, rate);
        known.vorbis_headers.clear();
        known.vorbis.reset();
        known.vorbis_time = 0;
    }
    const bool is_sound = bytes.empty() || (bytes[0] & 1U) == 0;
    auto& headers = known.vorbis_headers;
    if (!is_sound && headers.size() < kVorbisHeaders) {
        headers.emplace_back(bytes.begin(), bytes.end());
        if (headers.size() < kVorbisHeaders) return;
        const auto laced = laced_together(headers);
        known.vorbis.reset(av_vorbis_parse_init(laced.data(), static_cast<int>(laced.size())));
    }
    if (!is_sound || known.vorbis == nullptr) return;
    packet.duration =
        std::max(0, av_vorbis_parse_frame(known.vorbis.get(), packet.data, packet.size));
    packet.pts = packet.dts = known.vorbis_time;
    known.vorbis_time += packet.duration;
}

int JoinedSound::finish(AVPacket& packet, Stream& known) {
    // A length that is cut to less than nothing wraps.
    if (packet.duration > INT32_MAX) packet.duration = 0;
    av_packet_rescale_ts(&packet, known.own, known.told);
    if (known.new_header.empty()) return 0;
    auto* brought =
        av_packet_new_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, known.new_header.size());
    if (brought == nullptr) return AVERROR(ENOMEM);
    std::ranges::copy(known.new_header, brought);
    known.new_header.clear();
    return 0;
}

void JoinedSound::follow_rate(AVPacket& packet, Stream& known) {
    const int rate = adts_rate(packet);
    if (rate == 0) return;
    if (known.rate == 0) known.rate = rate;
    has_changed_ |= rate != known.rate;
    const std::int64_t length = av_rescale(packet.duration, known.rate, rate);
    if (packet.pts != kNoTime) packet.pts += known.later;
    if (packet.dts != kNoTime) packet.dts += known.later;
    known.later += length - packet.duration;
    packet.duration = length;
}

}  // namespace ittybit::media
