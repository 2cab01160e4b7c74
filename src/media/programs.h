#pragma once

#include <cstdint>
#include <vector>

#include "media/handles.h"

/// What the programs of a transport stream say about which streams belong together.
namespace ittybit::media {

/// Whether two streams may be of one program. Where no program names one of them, they may.
bool may_share_program(const AVFormatContext& format, int one, int other);

/// Whether one stream could go on with what another has begun: the same kind of stream of the same
/// program, in a container whose streams come and go.
bool may_continue(const AVFormatContext& format, int stream, int before);

/// Follows streams that move: a broadcast that changes its PIDs ends one stream and begins another,
/// which nobody else knows to be the same.
class Movements {
public:
    /// Under which index packets of a stream are to be given. To be asked for each packet, in
    /// order.
    int index_of(const AVFormatContext& format, int stream);

    /// Whether a stream has moved.
    bool any() const;

    /// Whether a stream showed up in the middle, and goes on with none.
    bool begins_late(int stream) const;

private:
    struct Seen {
        std::int64_t first = -1;  // packet of the file
        int before = -1;          // which stream it goes on with
    };
    int find_before(const AVFormatContext& format, int stream) const;

    std::vector<Seen> streams_;
    std::int64_t packets_ = 0;
};

}  // namespace ittybit::media
