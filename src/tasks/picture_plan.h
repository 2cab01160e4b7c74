#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "media/background.h"
#include "media/encoder.h"
#include "media/filters.h"
#include "media/pipeline.h"
#include "model/placement.h"
#include "tasks/source_facts.h"

/// What is done to pictures between decoding and encoding, as a value.
namespace ittybit::tasks {

/// One decided way to treat the pictures of a stream: upright, square pixels, progressive, SDR,
/// opaque, 8-bit 4:2:0 limited range, exactly `canvas`.
struct PictureTreatment {
    Size scaled;     // as shown, after turning
    Rectangle kept;  // of it
    Size canvas;
    int left = 0;
    int top = 0;
    bool is_mirrored = false;
    int rotation = 0;
    bool is_field_rate = false;  // a picture from each field, where there are fields
    Colour padding;              // around the picture
    Colour background;           // behind transparency
    media::PictureColour colour;

    json::value to_json_value() const;
    static json::object schema() { return {}; }
};

/// The treatment for a stream and a box. `background` of the framing pads (black by default) and
/// shows through transparency (white by default).
PictureTreatment plan_treatment(const PictureFacts& facts, const Framing& framing);

/// The colour tags of the output for a source: BT.709 for HDR, wide gamut and RGB, otherwise the
/// source's own, by size where it does not say.
media::PictureColour output_colour(const PictureFacts& facts);

/// Whether pictures are HDR or of a wide gamut: more than a matrix away from what screens show.
bool is_beyond_bt709(const media::PictureShape& shape);

/// Appends the filters that scale such pictures and bring them to BT.709 in `format`: planar 8-bit
/// RGB or YUV.
void add_bt709(
    std::vector<media::FilterStep>& steps,
    const media::PictureShape& shape,
    const Size& size,
    AVPixelFormat format
);

/// The filters that bring pictures of a shape to `treatment`, up to its padding. Only what is
/// needed: none at all for pictures that are as wanted.
std::vector<media::FilterStep> picture_steps(
    const PictureTreatment& treatment, const media::PictureShape& shape
);

/// Builds the stages of a treatment in front of `next`: flattening, filters, padding. Takes frames
/// timed in `time_base`, gives frames ready for an encoder.
media::Sink<media::Frame>& add_treatment(
    media::Pipeline& pipeline,
    const PictureTreatment& treatment,
    AVRational time_base,
    media::Sink<media::Frame>& next
);

}  // namespace ittybit::tasks
