#pragma once

#include "media/handles.h"
#include "media/sink.h"
#include "media/timing.h"

namespace ittybit::media {

/// Hands encoded packets of an input on to a track: timed from the input's origin, in decoding
/// order without repeats, without the source's side data that no longer applies.
class Copying : public Sink<Packet> {
public:
    Copying(SourceTime source, Sink<Packet>& next) : source_(source), next_(next) {}
    Result<> push(Packet packet) override;
    Result<> finish() override { return next_.finish(); }

private:
    SourceTime source_;
    Sink<Packet>& next_;
    std::int64_t last_dts_ = kNoTime;
};

}  // namespace ittybit::media
