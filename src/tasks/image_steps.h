#pragma once

#include <string>

#include "base/result.h"
#include "image/picture.h"
#include "model/file.h"
#include "tasks/image_plan.h"

namespace ittybit::tasks {

/// Takes a picture through every step of its plan and writes it as `name` in the current folder.
/// Errors: those of image::save.
Result<> make_image(image::Picture picture, const ImagePlan& plan, const std::string& name);

/// Reads back the header of a written picture: its facts when format and size are as planned.
/// Errors: `output_invalid`.
Result<File> verify_image(const std::string& name, std::string_view format, Size size);

}  // namespace ittybit::tasks
