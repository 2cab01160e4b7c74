#pragma once

#include <string>

#include "base/result.h"
#include "image/picture.h"
#include "model/encoding.h"

namespace ittybit::image {

/// The longest side the format can have.
int longest_side(ImageFormat format);

/// Computes the picture and writes it as `name` in the current folder. Errors: `corrupt_media` when
/// the input's pixels cannot be read, `encode_failed`, `disk_full`, `limit_exceeded`, those of the
/// source.
Result<> save(const Picture& picture, const SaveSettings& settings, const std::string& name);

}  // namespace ittybit::image
