#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "model/encoding.h"

namespace ittybit::image {

/// Writes an animated WebP. Frames are compressed as they come; only the compressed ones are held.
class AnimationWriter {
public:
    /// Errors: `internal_error`.
    static Result<std::unique_ptr<AnimationWriter>> open(const AnimationSettings& settings);
    AnimationWriter(const AnimationWriter&) = delete;
    AnimationWriter& operator=(const AnimationWriter&) = delete;
    ~AnimationWriter();

    /// One frame as width × height × 4 bytes RGBA, `stride` bytes a row, on screen from `start_ms`
    /// (growing). Errors: `encode_failed`.
    Result<> add(std::span<const std::byte> rgba, int stride, int start_ms);

    /// Ends the last frame at `end_ms` and writes the file `name` of the current folder. Errors:
    /// `encode_failed`, `disk_full`.
    Result<> finish(int end_ms, const std::string& name);

private:
    struct State;
    explicit AnimationWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ittybit::image
