#pragma once

#include <vector>

#include "base/result.h"
#include "image/picture.h"
#include "media/filters.h"
#include "media/frames.h"
#include "media/stream.h"
#include "model/geometry.h"

/// Decoded pictures as image formats want them: upright, square pixels, progressive, SDR,
/// full-range 8-bit RGB, with alpha where the source has it.
namespace ittybit::tasks {

struct RgbTreatment {
    Size scaled;  // as shown, after turning
    media::Orientation orientation;
    bool has_alpha = false;
    AVPixelFormat format = AV_PIX_FMT_RGB24;  // or RGBA, BGRA
    bool is_grey_full = false;                // grey without a word on its range is full range
};

/// How a stream's pictures become RGB, or RGBA when they can be transparent, at `scaled`.
RgbTreatment rgb_treatment(const AVStream& stream, Size scaled);

/// The filters for pictures of a shape.
std::vector<media::FilterStep> rgb_steps(
    const RgbTreatment& treatment, const media::PictureShape& shape
);

/// One picture through those filters, with the fields of its neighbours where it is interlaced.
/// Errors: `encode_failed`.
Result<image::Pixels> to_pixels(media::Shown shown, const RgbTreatment& treatment);
Result<image::Pixels> to_pixels(media::Frame frame, const RgbTreatment& treatment);

}  // namespace ittybit::tasks
