#pragma once

#include <cstdint>
#include <string>

#include "base/fields.h"
#include "base/json.h"

namespace ittybit {

/// Whole pixels.
struct Size {
    int width = 0;
    int height = 0;
    static constexpr auto kFields = Fields{
        Field{&Size::width, "width", ""},
        Field{&Size::height, "height", ""},
    };
    std::int64_t pixels() const { return std::int64_t{width} * height; }
    bool operator==(const Size&) const = default;
};

/// One side of a wanted picture: pixels, or a percentage of the input's display size.
struct Length {
    double value = 0;
    bool is_percent = false;

    /// Reads `1280` or `"50%"` (above 0 and at most 1000 %). Errors: `invalid_options`.
    static Result<Length> from_json(const json::value& value);
    json::value to_json_value() const;
    static json::object schema();

    /// The side in pixels, at least 1, for an input whose same side has `of` pixels.
    int pixels(int of) const;
    bool operator==(const Length&) const = default;
};

/// A colour with alpha, each part 0–255, not premultiplied, sRGB.
struct Colour {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
    std::uint8_t alpha = 255;

    /// Reads `#rgb`, `#rrggbb` or `#rrggbbaa`. Errors: `invalid_options`.
    static Result<Colour> from_json(const json::value& value);
    json::value to_json_value() const;
    static json::object schema();
    bool operator==(const Colour&) const = default;
};

}  // namespace ittybit
