#pragma once

#include <cstdint>
#include <vector>

#include "media/handles.h"
#include "media/sink.h"
#include "media/timing.h"

namespace ittybit::media {

/// Hands encoded packets of an input on to a track, timed from the input's origin. Decoding times
/// that a container leaves out at the start (Matroska stores none) are filled in backwards.
class Copying : public Sink<Packet> {
public:
    Copying(SourceTime source, Sink<Packet>& next) : source_(source), next_(next) {}
    Result<> push(Packet packet) override;
    Result<> finish() override;

    std::int64_t packets() const { return packets_; }  // handed on

private:
    Result<> release();
    Result<> pass_on(Packet packet);

    SourceTime source_;
    Sink<Packet>& next_;
    std::vector<Packet> waiting_;  // without a decoding time yet
    std::int64_t last_dts_ = kNoTime;
    std::int64_t packets_ = 0;
    AVCodecID coding_ = AV_CODEC_ID_NONE;  // of the first packet: no other fits the track
};

}  // namespace ittybit::media
