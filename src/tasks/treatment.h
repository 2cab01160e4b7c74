#pragma once

#include <vector>

#include "media/filters.h"
#include "media/pipeline.h"
#include "model/plan.h"

/// What is done to pictures between decoding and encoding.
namespace ittybit::tasks {

/// A picture that is scaled and nothing else.
Placement scaled_to(Size size);

/// The size that a treatment scales to, before it turns pictures.
Size scaled_size(const Treatment& treatment);

/// Decides the filters of a treatment, for pictures of the shape that the headers tell.
void decide_steps(Treatment& treatment, const media::PictureShape& shape);

/// The filters that bring pictures of a shape to what a treatment says, up to a canvas of 4:2:0:
/// those of the plan for the shape that it knew. Only what is needed: none at all for pictures that
/// are as wanted.
std::vector<FilterStep> steps_for(const Treatment& treatment, const media::PictureShape& shape);

/// Builds the stages of a treatment in front of `next`: flattening, filters, padding. Takes frames
/// timed in `time_base`, gives frames ready for an encoder.
media::Sink<media::Frame>& add_treatment(
    media::Pipeline& pipeline,
    const Treatment& treatment,
    AVRational time_base,
    media::Sink<media::Frame>& next
);

}  // namespace ittybit::tasks
