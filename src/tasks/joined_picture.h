#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "media/common_end.h"
#include "media/pieces.h"
#include "media/sink.h"
#include "model/plan.h"
#include "tasks/product.h"

namespace ittybit::tasks {

/// A picture that was encoded in pieces on its way into the tracks of its branches, as far as it is
/// asked for: pieces may still be in the making.
class JoinedPicture {
public:
    struct Settings {
        std::int64_t pieces = 0;
        Product& product;
        media::CommonEnd* common_end = nullptr;  // with sounds, which is where the pieces end
        std::function<void()> moved;             // told of each packet
    };

    /// Errors: `encode_failed`.
    static Result<std::unique_ptr<JoinedPicture>> begin(
        const PicturePlan& picture, ByteSource& pieces, Settings settings
    );

    /// What is decoded before so many seconds. Errors: as PieceReader, and those of the tracks.
    Result<> up_to(double seconds);
    /// All the rest. Errors: also `corrupt_media`, where no piece has a picture.
    Result<> finish();

private:
    JoinedPicture(
        const PicturePlan& picture,
        ByteSource& pieces,
        Settings settings,
        const std::vector<Joint>& joints
    );

    const Settings settings_;
    const PlannedClock clock_;
    media::PieceReader reader_;
    std::vector<media::Sink<media::Packet>*> tracks_;
    media::Packet next_;
    std::int64_t end_ = 0;  // ticks, of what came
};

}  // namespace ittybit::tasks
