#pragma once

#include <vector>

#include "base/result.h"
#include "image/picture.h"
#include "media/filters.h"
#include "media/frames.h"
#include "media/stream.h"
#include "model/plan.h"

/// Decoded pictures as image formats want them: upright, square pixels, progressive, SDR,
/// full-range 8-bit RGB, with alpha where the source has it.
namespace ittybit::tasks {

/// Pictures that become RGB, or RGBA when they can be transparent, at `scaled`.
Treatment rgb_treatment(Size scaled, bool has_alpha);
Treatment rgb_treatment(const AVStream& stream, Size scaled, bool has_alpha);

/// The filters for pictures of a shape, up to their turning.
std::vector<FilterStep> rgb_steps(const Treatment& treatment, const media::PictureShape& shape);

/// One picture through those filters, with the fields of its neighbours where it is interlaced.
/// Errors: `encode_failed`.
Result<image::Pixels> to_pixels(media::Shown shown, const Treatment& treatment);
Result<image::Pixels> to_pixels(media::Frame frame, const Treatment& treatment);

}  // namespace ittybit::tasks
