#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::image {

/// What a GIF says of a frame in front of its pixels.
struct GifFrame {
    std::size_t left = 0;
    std::size_t top = 0;
    std::size_t width = 0;
    std::size_t height = 0;
    bool is_cleared = false;      // behind it: to nothing, or to what was there before
    bool is_transparent = false;  // one of its colours is
};

/// The frames of a GIF (GIF89a), without their pixels: one at a time, in order. The source must
/// outlive it.
class GifFrames {
public:
    /// Errors: those of the source.
    static Result<GifFrames> open(ByteSource& source);

    std::size_t width() const { return width_; }  // of the screen
    std::size_t height() const { return height_; }

    /// Nothing behind the last one, and where the file is damaged. Errors: those of the source.
    Result<std::optional<GifFrame>> next();

private:
    explicit GifFrames(ByteSource& source) : source_(&source) {}
    Result<std::size_t> byte();
    Result<std::size_t> number();
    void skip_table(std::size_t flags);
    Result<> skip_blocks();
    Result<> read_extension(GifFrame& frame);

    ByteSource* source_;
    std::string window_;
    std::uint64_t begin_ = 0;  // of the window
    std::uint64_t at_ = 0;
    std::size_t width_ = 0;
    std::size_t height_ = 0;
    bool is_in_pixels_ = false;
};

/// Whether a frame shows parts that none has drawn, or that were cleared, which libvips paints
/// though nothing is there: it has them transparent only where one of a frame's colours is.
/// `has_alpha`: whether that is so of any frame. Errors: those of the source.
Result<bool> has_bare_parts(ByteSource& gif, int frame, bool has_alpha);

}  // namespace ittybit::image
