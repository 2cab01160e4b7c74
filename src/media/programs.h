#pragma once

#include <cstdint>
#include <vector>

#include "media/handles.h"

/// What the programs of a transport stream say about which streams belong together.
namespace ittybit::media {

/// Whether two streams may be of one program. Where no program names one of them, they may.
bool may_share_program(const AVFormatContext& format, int one, int other);

/// Whether one stream could go on with what another has begun: the same kind of stream of the same
/// program, in a container whose streams come and go. Its coding may be another one.
bool may_continue(const AVFormatContext& format, int stream, int before);

/// The coding of a packet that may be given as one of another stream; AV_CODEC_ID_NONE of one to
/// which nobody has told it.
void tell_coding(AVPacket& packet, AVCodecID coding);
AVCodecID told_coding(const AVPacket& packet);

/// Follows streams that move: a broadcast that changes its PIDs ends one stream and begins another,
/// which nobody else knows to be the same.
class Movements {
public:
    /// Under which index a packet is to be given. To be asked for each, in order. Less than 0: it
    /// began before its stream had moved, and libav gives it only at the end of all.
    int index_of(const AVFormatContext& format, const AVPacket& packet);

    /// Whether a stream has moved.
    bool any() const;

    /// Whether a stream showed up in the middle, and goes on with none.
    bool begins_late(int stream) const;

private:
    struct Seen {
        std::int64_t first = -1;     // packet of the file
        int before = -1;             // which stream it goes on with
        std::int64_t position = -1;  // byte of the first packet
        std::int64_t packets = 0;    // of its own so far
    };
    int find_before(const AVFormatContext& format, int stream) const;

    std::vector<Seen> streams_;
    std::int64_t packets_ = 0;
};

}  // namespace ittybit::media
