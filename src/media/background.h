#pragma once

#include <cstdint>

#include "media/filters.h"
#include "media/handles.h"
#include "media/sink.h"
#include "model/geometry.h"
#include "model/placement.h"

/// Stages that paint: what shows through a picture, and what is around it. libavfilter's `pad`,
/// `color` and `drawbox` mix a colour by BT.601 whatever the matrix of the pictures (FFmpeg 5.1):
/// a green canvas of BT.709 would be another green.
namespace ittybit::media {

/// A colour in 8-bit limited-range Y'CbCr.
struct PaintYuv {
    std::uint8_t y = 16;
    std::uint8_t u = 128;
    std::uint8_t v = 128;
    bool operator==(const PaintYuv&) const = default;
};

/// `colour` (its alpha ignored) with the given matrix coefficients.
PaintYuv paint_yuv(const Colour& colour, AVColorSpace matrix);

/// Lays pictures that have transparency on a colour: they come out as RGB without alpha. Others
/// pass untouched.
class Flatten : public Sink<Frame> {
public:
    Flatten(Colour background, Sink<Frame>& next) : background_(background), next_(next) {}

    /// What pictures with transparency look like afterwards.
    static PictureShape shape_after(PictureShape shape);

    /// Errors: `encode_failed`.
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    Colour background_;
    Sink<Frame>& next_;
    Scaler scaler_;
};

/// Lays 8-bit 4:2:0 pictures on a larger canvas of one colour. Sizes and offsets are even.
class Canvas : public Sink<Frame> {
public:
    Canvas(Size size, int left, int top, PaintYuv paint, Sink<Frame>& next)
        : size_(size), left_(left), top_(top), paint_(paint), next_(next) {}

    /// Errors: `encode_failed`.
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    Size size_;
    int left_;
    int top_;
    PaintYuv paint_;
    Sink<Frame>& next_;
};

}  // namespace ittybit::media
