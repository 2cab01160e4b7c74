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

/// The matrix of Y'CbCr pictures of a film that do not say it, by their size.
inline AVColorSpace usual_matrix(int width, int height) {
    return height >= 720 || width >= 1280 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

/// The planes of a picture without a matrix (ITU-T H.273: identity) are green, blue and red, also
/// where a decoder names them otherwise.
inline AVPixelFormat by_matrix(AVPixelFormat format, AVColorSpace matrix) {
    if (matrix != AVCOL_SPC_RGB) return format;
    switch (format) {
        case AV_PIX_FMT_YUV444P: return AV_PIX_FMT_GBRP;
        case AV_PIX_FMT_YUV444P10: return AV_PIX_FMT_GBRP10;
        case AV_PIX_FMT_YUV444P12: return AV_PIX_FMT_GBRP12;
        default: return format;
    }
}

}  // namespace ittybit::media
