#pragma once

#include "image/picture.h"
#include "tasks/job.h"

/// Choosing a film's picture without being told which.
namespace ittybit::tasks {

/// Seconds from the origin to the first picture in a film's first third that tells something, of
/// those looked at: ever farther apart, and no more than a bounded part of the file. 0 when none
/// does. Errors: those of the source, `unsupported_media`.
Result<double> telling_moment(Job& job, int stream);

/// Whether a small picture (RGB, 8 bit) is neither black, flat nor blurred.
bool is_telling(const image::Pixels& pixels);

}  // namespace ittybit::tasks
