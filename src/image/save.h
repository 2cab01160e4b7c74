#pragma once

#include <string>

#include "base/result.h"
#include "image/picture.h"
#include "model/options.h"

namespace ittybit::image {

/// How a picture is compressed. PNG has no quality.
struct SaveSettings {
    ImageFormat format = ImageFormat::kJpeg;
    int quality = 75;              // 1–100, the encoder's own scale
    int effort = 4;                // the encoder's own scale
    bool full_chroma = false;      // 4:4:4 instead of 4:2:0; WebP: 4:2:0 with care
    bool has_few_colours = false;  // PNG: tries a palette, for what came with one
};

/// The longest side the format can have.
int longest_side(ImageFormat format);

/// Computes the picture and writes it as `name` in the current folder. Errors: `corrupt_media` when
/// the input's pixels cannot be read, `encode_failed`, `disk_full`, `limit_exceeded`, those of the
/// source.
Result<> save(const Picture& picture, const SaveSettings& settings, const std::string& name);

}  // namespace ittybit::image
