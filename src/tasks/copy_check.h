#pragma once

#include <deque>
#include <vector>

#include "media/input.h"

namespace ittybit::tasks {

/// Keeps the first and the last packets of a stream that may be copied, and tries to decode them:
/// there recordings break off, and what no decoder reads is not worth a copy. Of a picture these
/// are the first and the last group, with the parameter sets.
class CopyCheck {
public:
    explicit CopyCheck(bool is_video) : is_video_(is_video) {}

    /// The next packet of the stream, in order.
    void see(const AVPacket& packet);

    /// Whether all that was kept decodes. Errors: those of the source.
    Result<bool> decodes(const media::Input& input, int stream) const;

private:
    bool is_video_;
    bool is_first_over_ = false;
    std::vector<media::Packet> first_;
    std::deque<media::Packet> last_;
};

}  // namespace ittybit::tasks
