#pragma once

#include <string_view>
#include <vector>

#include "media/filters.h"
#include "model/options.h"
#include "model/plan.h"
#include "tasks/source_facts.h"

/// Decoded pictures as video encoders want them: opaque, 8-bit 4:2:0, limited range.
namespace ittybit::tasks {

/// The treatment for a stream and a box. `background` of the framing pads (black by default) and
/// shows through transparency (white by default). Its filters are decided later (decide_steps).
Treatment plan_treatment(const PictureFacts& facts, const Framing& framing);

/// The colour tags of the output for a source: BT.709 for HDR, wide gamut and RGB, otherwise the
/// source's own, by size where it does not say.
PictureColour output_colour(const PictureFacts& facts);

/// swscale's name of a matrix that pictures tell.
std::string_view sws_matrix(AVColorSpace matrix);

/// The filter that makes frames of fields; leaves others alone.
FilterStep deinterlacing(const Treatment& treatment);

/// Whether pictures are HDR or of a wide gamut: more than a matrix away from what screens show.
bool is_beyond_bt709(const media::PictureShape& shape);

/// Appends the filters that scale such pictures and bring them to BT.709 in `format`: planar 8-bit
/// RGB, with alpha or without, or YUV.
void add_bt709(
    std::vector<FilterStep>& steps,
    const media::PictureShape& shape,
    const Size& size,
    AVPixelFormat format
);

/// What a stream's pictures look like when they come to the filters.
media::PictureShape shape_of(const PictureFacts& facts);

/// The filters that bring pictures of a shape to `treatment`, up to their turning.
std::vector<FilterStep> yuv_steps(const Treatment& treatment, const media::PictureShape& shape);

}  // namespace ittybit::tasks
