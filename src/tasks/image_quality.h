#pragma once

#include "model/encoding.h"

namespace ittybit::tasks {

/// The encoder's settings behind a level, for each image format: the only place that knows them
/// (docs/quality.md has the measurements).
SaveSettings image_settings(ImageFormat format, Quality quality);

}  // namespace ittybit::tasks
