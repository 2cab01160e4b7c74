#pragma once

#include <cstdint>
#include <vector>

#include "media/input.h"
#include "media/timing.h"

namespace ittybit::media {

/// Counts, packet by packet, what the demuxer gives of a part of an input. What went through is
/// compared with it: nothing is to be lost without a word.
class Intake {
public:
    Intake(const Input& input, const Cut& cut) : input_(input), cut_(cut) {}

    struct Stream {
        std::int64_t pictures = 0;  // packets presented within the part
        double seconds = 0;         // that packets last within the part
        double holes = 0;           // between packets of sound within the part, in seconds
        double end = 0;  // from the origin: where the last packet ends, capped by the part
    };

    void see(const AVPacket& packet);
    Stream of(int stream_index) const;

private:
    const Input& input_;
    Cut cut_;
    std::vector<Stream> streams_;
};

}  // namespace ittybit::media
