#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "image/picture.h"
#include "model/file.h"
#include "model/plan.h"

namespace ittybit::tasks {

/// How a picture is laid on a larger canvas: the options of the step `pad`.
struct PaddingOptions {
    Size canvas;
    int left = 0;
    int top = 0;
    Colour colour;
    static constexpr auto kFields = Fields{
        Field{&PaddingOptions::canvas, "canvas", ""},
        Field{&PaddingOptions::left, "left", ""},
        Field{&PaddingOptions::top, "top", ""},
        Field{&PaddingOptions::colour, "colour", ""},
    };
};

/// What transparency is laid on: the options of the step `flatten`.
struct FlatteningOptions {
    Colour colour;
    static constexpr auto kFields = Fields{Field{&FlatteningOptions::colour, "colour", ""}};
};

/// Takes a picture through these steps of libvips: what follows is lazy until it is written.
/// Errors: `internal_error` for a step that there is not, those of the steps.
Result<image::Picture> take_steps(image::Picture picture, const std::vector<FilterStep>& steps);

/// Reads back the header of a written picture: its facts when format and size are as planned.
/// Errors: `output_invalid`.
Result<File> verify_image(const std::string& name, std::string_view format, Size size);

}  // namespace ittybit::tasks
