#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "media/encoder.h"
#include "media/pieces.h"
#include "media/sink.h"

namespace ittybit::tasks {

/// Where joined packets go, and an encoder as those had that made them.
struct Joint {
    std::unique_ptr<media::Encoder> encoder;
    media::Sink<media::Packet>* track = nullptr;
};

/// A picture that was encoded in pieces on its way into its track, as far as it is asked for:
/// pieces may still be in the making.
class JoinedPicture {
public:
    /// `moved` is told of each packet.
    JoinedPicture(
        ByteSource& pieces, std::int64_t count, const Joint& joint, std::function<void()> moved
    )
        : reader_(pieces, count, joint.encoder->codec()),
          track_(*joint.track),
          moved_(std::move(moved)) {}

    /// What is decoded before so many seconds. Errors: as PieceReader, and those of the track.
    Result<> up_to(double seconds);
    /// All the rest. Errors: also `corrupt_media`, where no piece has a picture.
    Result<> finish();

private:
    media::PieceReader reader_;
    media::Sink<media::Packet>& track_;
    const std::function<void()> moved_;
    media::Packet next_;
    bool has_any_ = false;
};

}  // namespace ittybit::tasks
