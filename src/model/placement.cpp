#include "model/placement.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ittybit {
namespace {

/// Beyond any picture, but safe to multiply.
constexpr double kLongestSide = std::numeric_limits<int>::max() / 2;

int whole(double length, int step) {
    const auto rounded = static_cast<int>(std::lround(std::clamp(length, 1.0, kLongestSide)));
    return std::max(step, rounded / step * step);
}

/// The size of the canvas before it is made a multiple of the step.
Size asked_for(Size display, const Framing& framing) {
    if (framing.width && framing.height)
        return {framing.width->pixels(display.width), framing.height->pixels(display.height)};
    Size size = display;
    if (framing.width) {
        size.width = framing.width->pixels(display.width);
        size.height = whole(1.0 * display.height * size.width / display.width, 1);
    } else if (framing.height) {
        size.height = framing.height->pixels(display.height);
        size.width = whole(1.0 * display.width * size.height / display.height, 1);
    }
    return size;
}

/// Where along one axis `cover` cuts: 0 the near edge, 1 the middle, 2 the far edge.
int horizontal_part(Position position) {
    switch (position) {
        case Position::kLeft:
        case Position::kTopLeft:
        case Position::kBottomLeft: return 0;
        case Position::kRight:
        case Position::kTopRight:
        case Position::kBottomRight: return 2;
        default: return 1;
    }
}

int vertical_part(Position position) {
    switch (position) {
        case Position::kTop:
        case Position::kTopLeft:
        case Position::kTopRight: return 0;
        case Position::kBottom:
        case Position::kBottomLeft:
        case Position::kBottomRight: return 2;
        default: return 1;
    }
}

}  // namespace

Placement place(Size display, const Framing& framing, int step) {
    const Size wanted = asked_for(display, framing);
    const Size canvas{whole(wanted.width, step), whole(wanted.height, step)};
    Placement placement{
        .scaled = canvas, .kept = {0, 0, canvas.width, canvas.height}, .canvas = canvas
    };
    const Fit fit = framing.fit.value_or(Fit::kContain);
    if (!framing.width || !framing.height || fit == Fit::kFill) return placement;

    const double across = 1.0 * canvas.width / display.width;
    const double down = 1.0 * canvas.height / display.height;
    const double scale = fit == Fit::kCover ? std::max(across, down) : std::min(across, down);
    Size& scaled = placement.scaled;
    scaled = {whole(display.width * scale, step), whole(display.height * scale, step)};
    if (fit == Fit::kCover) {
        scaled = {std::max(scaled.width, canvas.width), std::max(scaled.height, canvas.height)};
        const Position position = framing.position.value_or(Position::kCenter);
        const int spare_x = (scaled.width - canvas.width) * horizontal_part(position) / 2;
        const int spare_y = (scaled.height - canvas.height) * vertical_part(position) / 2;
        placement.kept.left = spare_x / step * step;
        placement.kept.top = spare_y / step * step;
        return placement;
    }
    scaled = {std::min(scaled.width, canvas.width), std::min(scaled.height, canvas.height)};
    placement.kept = {0, 0, scaled.width, scaled.height};
    placement.left = (canvas.width - scaled.width) / 2 / step * step;
    placement.top = (canvas.height - scaled.height) / 2 / step * step;
    return placement;
}

}  // namespace ittybit
