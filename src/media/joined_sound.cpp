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

constexpr std::size_t kXiphHeaders = 3;

/// Headers of Vorbis or Theora as libav has them: a number less than theirs, the sizes of all but
/// the last.
std::vector<std::uint8_t> laced_together(std::span<const std::vector<std::uint8_t>> headers) {
    std::vector<std::uint8_t> bytes = {kXiphHeaders - 1};
    for (const auto& header : headers.first(kXiphHeaders - 1)) {
        bytes.insert(bytes.end(), header.size() / 255, 255);
        bytes.push_back(static_cast<std::uint8_t>(header.size() % 255));
    }
    for (const auto& header : headers) bytes.insert(bytes.end(), header.begin(), header.end());
    return bytes;
}

/// The length of a picture in Theora's first header (Theora, 6.2); nothing of what is none.
AVRational theora_unit(Bytes packet) {
    constexpr auto kFirst = "\x80theora"sv;
    const auto is_same = [](char one, std::uint8_t other) {
        return static_cast<std::uint8_t>(one) == other;
    };
    if (packet.size() < 30 || !std::ranges::equal(kFirst, packet.first(kFirst.size()), is_same))
        return {};
    const auto number = [&](std::size_t at) {
        return packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3];
    };
    return {number(26), number(22)};
}

/// The rate in the header of a frame of FLAC (RFC 9639, 9.1); 0 of what is none, or has none of the
/// usual ones.
int flac_rate(Bytes packet) {
    constexpr std::array kRates = {0,     88200, 176400, 192000, 8000,  16000,
                                   22050, 24000, 32000,  44100,  48000, 96000};
    if (packet.size() < 4 || packet[0] != 0xFF || (packet[1] & 0xFE) != 0xF8) return 0;
    const std::size_t index = packet[2] & 15U;
    return index < kRates.size() ? kRates.at(index) : 0;
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

/// STREAMINFO of a file that begins among these bytes, with which libav gives the frames before it.
Bytes flac_file_in(Bytes bytes) {
    constexpr auto kFirst = "fLaC\0\0\0\x22"sv;
    constexpr std::size_t kLength = 34;
    const auto found = std::ranges::search(bytes, kFirst);
    const auto at = static_cast<std::size_t>(found.begin() - bytes.begin()) + kFirst.size();
    return at + kLength <= bytes.size() ? bytes.subspan(at, kLength) : Bytes();
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
    if (demuxer != "ogg" && demuxer != "aac" && demuxer != "flac")
        return av_read_frame(&format, &packet);
    for (;;) {
        const int code = av_read_frame(&format, &packet);
        see_streams(format);
        if (code < 0) return code;
        const auto index = static_cast<std::size_t>(packet.stream_index);
        Stream& known = streams_.at(index);
        if (demuxer != "ogg") {
            demuxer == "aac" ? follow_rate(packet, known) : follow_flac(packet, known);
            return finish(packet, known);
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
    if (codec == AV_CODEC_ID_THEORA) return take_theora_header(bytes_of(packet), known);
    if (const Bytes header = header_of(stream); !std::ranges::equal(header, known.told_header)) {
        known.told_header.assign(header.begin(), header.end());
        known.new_header = known.told_header;
        begin_link(known, {});
    }
    if (codec == AV_CODEC_ID_OPUS && is_opus_header(bytes_of(packet))) {
        begin_link(known, {});
        return true;
    }
    constexpr std::uint8_t kFrame = 0xFF;
    if (codec != AV_CODEC_ID_FLAC || packet.size == 0 || packet.data[0] == kFrame) return false;
    if (const Bytes info = flac_info(bytes_of(packet)); !info.empty()) {
        known.new_header.assign(info.begin(), info.end());
        begin_link(known, {1, info[10] << 12 | info[11] << 4 | info[12] >> 4});
    }
    return true;
}

/// `unit`: by which its times are counted; nothing where that is as before.
void JoinedSound::begin_link(Stream& known, AVRational unit) {
    has_changed_ = true;
    if (unit.num > 0 && unit.den > 0) known.own = unit;
}

/// Decoders with several threads take no header among the pictures, but one for all of a link.
bool JoinedSound::take_theora_header(Bytes packet, Stream& known) {
    if (packet.empty() || (packet[0] & 0x80U) == 0) return false;
    if (const AVRational unit = theora_unit(packet); unit.den > 0) {
        begin_link(known, unit);
        known.xiph_headers.clear();
    }
    auto& headers = known.xiph_headers;
    if (headers.size() < kXiphHeaders) headers.emplace_back(packet.begin(), packet.end());
    if (headers.size() == kXiphHeaders) known.new_header = laced_together(headers);
    return true;
}

/// The decoder takes headers as they come, but lengths are reckoned by the blocks of the first
/// link.
void JoinedSound::follow_vorbis(AVPacket& packet, Stream& known) {
    const Bytes bytes = bytes_of(packet);
    if (const int rate = vorbis_rate(bytes); rate > 0) {
        begin_link(known, {1, rate});
        known.xiph_headers.clear();
        known.vorbis.reset();
        known.vorbis_time = 0;
    }
    const bool is_sound = bytes.empty() || (bytes[0] & 1U) == 0;
    auto& headers = known.xiph_headers;
    if (!is_sound && headers.size() < kXiphHeaders) {
        headers.emplace_back(bytes.begin(), bytes.end());
        if (headers.size() < kXiphHeaders) return;
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

/// Numbers of samples are read as times of the first rate. Frames behind a new header need it.
void JoinedSound::follow_flac(AVPacket& packet, Stream& known) {
    if (packet.pts == kNoTime) {
        const Bytes info = flac_file_in(bytes_of(packet));
        known.next_header.assign(info.begin(), info.end());
        return;
    }
    std::swap(known.new_header, known.next_header);
    known.next_header.clear();
    const int rate = flac_rate(bytes_of(packet));
    if (rate == 0) return;
    if (known.rate == 0) known.rate = rate;
    has_changed_ |= rate != known.rate;
    const auto rescaled = [&](std::int64_t time) {
        return time == kNoTime ? time : av_rescale(time, known.rate, rate);
    };
    packet.pts = rescaled(packet.pts);
    packet.dts = rescaled(packet.dts);
}

}  // namespace ittybit::media
