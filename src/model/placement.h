#pragma once

#include "base/fields.h"
#include "model/geometry.h"
#include "model/options.h"

namespace ittybit {

/// A part of a picture, in whole pixels from its top left corner.
struct Rectangle {
    int left = 0;
    int top = 0;
    int width = 0;
    int height = 0;
    static constexpr auto kFields = Fields{
        Field{&Rectangle::left, "left", ""},
        Field{&Rectangle::top, "top", ""},
        Field{&Rectangle::width, "width", ""},
        Field{&Rectangle::height, "height", ""},
    };
    bool operator==(const Rectangle&) const = default;
};

/// How a picture becomes the one asked for: the whole of it is scaled to `scaled`, of that `kept`
/// is cut out, and laid on a canvas with its corner at (left, top). Nothing is left of the canvas
/// to fill when `kept` has its size.
struct Placement {
    Size scaled = {};
    Rectangle kept = {};
    Size canvas = {};
    int left = 0;
    int top = 0;

    static constexpr auto kFields = Fields{
        Field{&Placement::scaled, "scaled", ""}, Field{&Placement::kept, "kept", ""},
        Field{&Placement::canvas, "canvas", ""}, Field{&Placement::left, "left", ""},
        Field{&Placement::top, "top", ""},
    };
    bool is_padded() const { return kept.width != canvas.width || kept.height != canvas.height; }
    bool is_cropped() const { return kept.width != scaled.width || kept.height != scaled.height; }
    bool operator==(const Placement&) const = default;
};

/// Decides the placement of a picture of `display` size (SPEC section 2: width, height, fit,
/// position). Every size and offset is a multiple of `step`, rounded down, sizes at least one step:
/// 1 for images, 2 for 4:2:0 video.
Placement place(Size display, const Framing& framing, int step = 1);

}  // namespace ittybit
