#pragma once

#include "image/handles.h"

namespace ittybit::image {

/// Samples become the nearest whole numbers of `format`, and of two the greater; libvips' own cast
/// takes the next below. As its operations do, gives 0, or what is not 0 for a failure.
int round_to(VipsImage* in, VipsImage** out, VipsBandFormat format);

}  // namespace ittybit::image
