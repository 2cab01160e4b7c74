#include "image/rounding.h"

namespace ittybit::image {

int round_to(VipsImage* in, VipsImage** out, VipsBandFormat format) {
    VipsImage* raised = nullptr;
    if (vips_linear1(in, &raised, 1, 0.5, nullptr) != 0) return -1;
    const Image owned(raised);
    return vips_cast(raised, out, format, nullptr);
}

}  // namespace ittybit::image
