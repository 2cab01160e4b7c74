#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "media/input.h"

namespace ittybit::tasks {

/// Keeps the first and the last packets of a stream that may be copied, and tries to decode them:
/// there recordings break off, and what no decoder reads is not worth a copy. Of a picture these
/// are the first and the last group, with the parameter sets.
class CopyCheck {
public:
    explicit CopyCheck(const AVCodecParameters& codec)
        : codec_(codec.codec_id), is_video_(codec.codec_type == AVMEDIA_TYPE_VIDEO) {}

    /// The next packet of the stream, in order.
    void see(const AVPacket& packet);

    /// Whether all that was kept decodes, and sound stayed what it was. Errors: those of the
    /// source.
    Result<bool> decodes(const media::Input& input, int stream) const;

private:
    AVCodecID codec_;
    bool is_video_;
    std::optional<std::uint32_t> kind_;  // of the sound's last packet
    bool is_one_kind_ = true;
    bool is_first_over_ = false;
    std::vector<media::Packet> first_;
    std::deque<media::Packet> last_;
};

}  // namespace ittybit::tasks
