#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/geometry.h"
#include "model/limits.h"

namespace ittybit::image {

/// One whole frame of an animation, composed: what is on screen.
struct AnimationFrame {
    std::span<const std::byte> rgba;  // width × height × 4, not premultiplied; valid until next()
    int start_ms = 0;
    int duration_ms = 0;  // at least 1
};

/// The frames of a WebP file (animated or still), which libav cannot read: one at a time, in order.
/// Holds the file's bytes and two frames, never all of them.
class AnimationReader {
public:
    /// Errors: `corrupt_media`, `limit_exceeded` (pixels, frames), those of the source.
    static Result<std::unique_ptr<AnimationReader>> open(ByteSource& source, const Limits& limits);
    AnimationReader(const AnimationReader&) = delete;
    AnimationReader& operator=(const AnimationReader&) = delete;
    ~AnimationReader();

    Size size() const;
    int frames() const;
    int loop() const;  // how often it plays; 0 for ever
    bool has_alpha() const;

    /// Nothing behind the last one. Errors: `corrupt_media`.
    Result<std::optional<AnimationFrame>> next();

    /// Back to the first frame.
    void rewind();

private:
    struct State;
    explicit AnimationReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ittybit::image
