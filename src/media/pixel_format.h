#pragma once

#include "media/handles.h"

/// What pixel formats are. Of none, as where no picture was decoded, nothing is true.
namespace ittybit::media {

inline bool has_flags(AVPixelFormat format, unsigned flags) {
    const AVPixFmtDescriptor* about = av_pix_fmt_desc_get(format);
    return about != nullptr && (about->flags & flags) != 0;
}

/// Planar, packed or by a palette.
inline bool is_rgb(AVPixelFormat format) {
    return has_flags(format, AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
}

/// Palettes may have it, too.
inline bool has_alpha(AVPixelFormat format) {
    return has_flags(format, AV_PIX_FMT_FLAG_ALPHA);
}

}  // namespace ittybit::media
