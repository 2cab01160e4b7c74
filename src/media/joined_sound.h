#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/handles.h"

namespace ittybit::media {

/// What libav leaves to us where files of sound, or of Theora, were put one behind the other. A
/// link of a chained Ogg file (RFC 3533, section 4) may have another rate, by which its times are
/// then counted, and other headers, of which some come among the packets. Frames of ADTS and FLAC
/// may have another rate; those of ADTS get the length of the first ones, those of FLAC count by
/// it.
class JoinedSound {
public:
    /// av_read_frame, with times in the time base that the stream had at first, and a new header as
    /// side data of the first packet that needs it (`AV_PKT_DATA_NEW_EXTRADATA`).
    int read(AVFormatContext& format, AVPacket& packet);

    /// For use after a seek.
    void forget_times();

    /// Whether a stream has become another one so far.
    bool has_changed() const { return has_changed_; }

private:
    using Bytes = std::span<const std::uint8_t>;
    struct Stream {
        AVRational told = {0, 1};  // what others take for the unit of its times
        AVRational own = {0, 1};   // the unit
        std::vector<std::uint8_t> told_header = {};
        std::vector<std::uint8_t> new_header = {};                 // that no packet has yet
        std::vector<std::uint8_t> next_header = {};                // of FLAC, of the packet behind
        std::vector<std::vector<std::uint8_t>> xiph_headers = {};  // of a further link
        VorbisParser vorbis = {};                                  // made of them
        std::int64_t vorbis_time = 0;
        int rate = 0;            // of ADTS, at first
        std::int64_t later = 0;  // than libav thinks, in `told`
    };
    void see_streams(AVFormatContext& format);
    bool is_header(AVPacket& packet, const AVStream& stream, Stream& known);
    void begin_link(Stream& known, AVRational unit);
    bool take_theora_header(Bytes packet, Stream& known);
    void follow_vorbis(AVPacket& packet, Stream& known);
    int finish(AVPacket& packet, Stream& known);
    void follow_rate(AVPacket& packet, Stream& known);
    void follow_flac(AVPacket& packet, Stream& known);

    std::vector<Stream> streams_;
    bool has_changed_ = false;
};

}  // namespace ittybit::media
