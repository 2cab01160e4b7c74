#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/colour_table.h"
#include "model/encoding.h"
#include "model/geometry.h"

namespace ittybit::image {

/// Writes an animated GIF (GIF89a). Each frame has the colours that suit it and draws only what
/// has changed, so that what stands still does not crawl. Two frames are held, whatever the length.
class GifWriter {
public:
    /// Creates the file `name` of the current folder. What is transparent in part, which a GIF
    /// cannot say, is laid on `background`, whose own alpha is ignored; without one, on white where
    /// more than half of it is seen, and is gone elsewhere. Errors: `encode_failed`, `disk_full`.
    static Result<std::unique_ptr<GifWriter>> open(
        const GifSettings& settings,
        const std::string& name,
        const std::optional<Colour>& background = {}
    );

    /// One frame as width × height × 4 bytes RGBA, `stride` bytes a row, shown for `delay`
    /// hundredths of a second. Errors: `encode_failed`, `disk_full`, `limit_exceeded`.
    Result<> add(std::span<const std::byte> rgba, std::size_t stride, int delay);
    Result<> finish();

private:
    /// What is drawn over the frame before.
    struct Frame {
        std::vector<std::uint8_t> pixels;  // of the table; `clear` where nothing is drawn
        std::vector<Rgb> table;
        bool has_common_table = false;  // that of the first frame
        std::uint8_t clear = 0;
        int delay = 0;
    };
    /// A pixel as it is wanted, or as it is shown.
    struct Pixel {
        Rgb colour{};
        bool is_opaque = false;
    };

    GifWriter(const GifSettings& settings, Fd file, const std::optional<Colour>& background);
    Pixel laid_on_ground(std::span<const std::uint8_t, 4> rgba) const;
    /// Whether a pixel is off what it should be by more than one that is off by `best` already.
    bool is_to_draw(const Pixel& wanted, const Pixel& shown, int best) const;
    void choose_table(const ColourCounts& counts, Frame& frame);
    Frame draw(std::span<const Pixel> wanted, int delay);
    void dither(
        std::span<const Pixel> wanted,
        const std::vector<bool>& is_drawn,
        NearestColour& nearest,
        Frame& frame
    );
    Result<> write_pending(bool is_cleared_after);
    Result<> write(std::string_view bytes);

    GifSettings settings_;
    Fd file_;
    Colour ground_;    // under what is transparent in part
    int least_alpha_;  // that is seen
    std::uint64_t written_ = 0;
    std::vector<Rgb> common_table_;
    std::vector<Pixel> canvas_;
    std::optional<Frame> pending_;
};

}  // namespace ittybit::image
