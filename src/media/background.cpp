#include "media/background.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "media/error.h"
#include "media/pixel_format.h"

namespace ittybit::media {
namespace {

std::uint8_t to_byte(double value) {
    return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

/// `above` over `below`, with `alpha` of 255.
std::uint8_t blend(unsigned above, unsigned below, unsigned alpha) {
    return static_cast<std::uint8_t>((above * alpha + below * (255 - alpha) + 127) / 255);
}

/// Makes every pixel of an RGBA picture opaque.
void lay_on(AVFrame& picture, const Colour& background) {
    for (int y = 0; y < picture.height; ++y) {
        std::uint8_t* pixel = picture.data[0] + std::ptrdiff_t{y} * picture.linesize[0];
        for (int x = 0; x < picture.width; ++x, pixel += 4) {
            const unsigned alpha = pixel[3];
            if (alpha == 255) continue;
            pixel[0] = blend(pixel[0], background.red, alpha);
            pixel[1] = blend(pixel[1], background.green, alpha);
            pixel[2] = blend(pixel[2], background.blue, alpha);
            pixel[3] = 255;
        }
    }
}

/// The same in Y'CbCr 4:2:0: a chroma sample stands for four pixels. Without alpha afterwards.
void lay_on_420(AVFrame& picture, const PaintYuv& paint) {
    const auto alpha_row = [&](int y) {
        const int row = std::min(y, picture.height - 1);
        return picture.data[3] + std::ptrdiff_t{row} * picture.linesize[3];
    };
    for (int y = 0; y < picture.height; ++y) {
        std::uint8_t* luma = picture.data[0] + std::ptrdiff_t{y} * picture.linesize[0];
        const std::uint8_t* alpha = alpha_row(y);
        for (int x = 0; x < picture.width; ++x) luma[x] = blend(luma[x], paint.y, alpha[x]);
    }
    const int columns = (picture.width + 1) / 2;
    for (int y = 0; y < (picture.height + 1) / 2; ++y) {
        std::uint8_t* u = picture.data[1] + std::ptrdiff_t{y} * picture.linesize[1];
        std::uint8_t* v = picture.data[2] + std::ptrdiff_t{y} * picture.linesize[2];
        const std::uint8_t* upper = alpha_row(2 * y);
        const std::uint8_t* lower = alpha_row(2 * y + 1);
        for (int x = 0; x < columns; ++x) {
            const auto left = std::ptrdiff_t{2} * x;
            const auto right = std::min<std::ptrdiff_t>(left + 1, picture.width - 1);
            const auto alpha = static_cast<unsigned>(
                (upper[left] + upper[right] + lower[left] + lower[right] + 2) / 4
            );
            u[x] = blend(u[x], paint.u, alpha);
            v[x] = blend(v[x], paint.v, alpha);
        }
    }
    picture.format = AV_PIX_FMT_YUV420P;
    av_buffer_unref(&picture.buf[3]);
    picture.data[3] = nullptr;
    picture.linesize[3] = 0;
}

AVColorSpace matrix_of(const AVFrame& frame) {
    const bool is_told = frame.colorspace != AVCOL_SPC_UNSPECIFIED;
    return is_told ? frame.colorspace : usual_matrix(frame.width, frame.height);
}

Result<Frame> new_picture(const AVFrame& like, AVPixelFormat format, Size size) {
    Frame made = make_frame();
    int code = av_frame_copy_props(made.get(), &like);
    made->format = format;
    made->width = size.width;
    made->height = size.height;
    if (code >= 0) code = av_frame_get_buffer(made.get(), 0);
    if (code < 0) return output_error(code, "make room for a picture");
    return made;
}

}  // namespace

PaintYuv paint_yuv(const Colour& colour, AVColorSpace matrix) {
    const bool is_709 = matrix == AVCOL_SPC_BT709;
    const double kr = is_709 ? 0.2126 : 0.299;
    const double kb = is_709 ? 0.0722 : 0.114;
    const double luma = kr * colour.red + (1 - kr - kb) * colour.green + kb * colour.blue;
    return {
        .y = to_byte(16 + luma * 219 / 255),
        .u = to_byte(128 + (colour.blue - luma) / (2 * (1 - kb)) * 224 / 255),
        .v = to_byte(128 + (colour.red - luma) / (2 * (1 - kr)) * 224 / 255),
    };
}

PictureShape Flatten::shape_after(PictureShape shape) {
    // Decoders of VP9 add alpha to what the headers call plain 4:2:0.
    const bool is_420 = shape.format == AV_PIX_FMT_YUVA420P || shape.format == AV_PIX_FMT_YUV420P;
    if (is_420 && shape.range != AVCOL_RANGE_JPEG) {
        shape.format = AV_PIX_FMT_YUV420P;
    } else {
        shape.format = AV_PIX_FMT_RGB0;
        shape.matrix = AVCOL_SPC_RGB;
        shape.range = AVCOL_RANGE_JPEG;
    }
    return shape;
}

Result<> Flatten::push(Frame frame) {
    const auto format = static_cast<AVPixelFormat>(frame->format);
    if (!has_alpha(format)) return next_.push(std::move(frame));
    if (format == AV_PIX_FMT_YUVA420P && frame->color_range != AVCOL_RANGE_JPEG) {
        if (const int code = av_frame_make_writable(frame.get()); code < 0)
            return output_error(code, "make room for a picture");
        lay_on_420(*frame, paint_yuv(background_, matrix_of(*frame)));
        return next_.push(std::move(frame));
    }
    Frame made = TRY(new_picture(*frame, AV_PIX_FMT_RGBA, {frame->width, frame->height}));
    scaler_.reset(sws_getCachedContext(
        scaler_.release(), frame->width, frame->height, format, frame->width, frame->height,
        AV_PIX_FMT_RGBA, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr,
        nullptr
    ));
    if (scaler_ == nullptr) return output_error(AVERROR(EINVAL), "read the transparency");
    const int* coefficients = sws_getCoefficients(matrix_of(*frame));
    sws_setColorspaceDetails(
        scaler_.get(), coefficients, frame->color_range == AVCOL_RANGE_JPEG ? 1 : 0, coefficients,
        1, 0, 1 << 16, 1 << 16
    );
    sws_scale(
        scaler_.get(), frame->data, frame->linesize, 0, frame->height, made->data, made->linesize
    );
    lay_on(*made, background_);
    made->format = AV_PIX_FMT_RGB0;
    made->colorspace = AVCOL_SPC_RGB;
    made->color_range = AVCOL_RANGE_JPEG;
    return next_.push(std::move(made));
}

Result<> Canvas::push(Frame frame) {
    Frame made = TRY(new_picture(*frame, AV_PIX_FMT_YUV420P, size_));
    const std::array<std::uint8_t, 3> paint{paint_.y, paint_.u, paint_.v};
    for (int plane = 0; plane < 3; ++plane) {
        const int half = plane == 0 ? 0 : 1;
        const int rows = size_.height >> half;
        const auto columns = static_cast<std::size_t>(size_.width >> half);
        for (int y = 0; y < rows; ++y) {
            std::memset(
                made->data[plane] + std::ptrdiff_t{y} * made->linesize[plane],
                paint.at(static_cast<std::size_t>(plane)), columns
            );
        }
        std::uint8_t* corner = made->data[plane] +
                               std::ptrdiff_t{top_ >> half} * made->linesize[plane] +
                               (left_ >> half);
        av_image_copy_plane(
            corner, made->linesize[plane], frame->data[plane], frame->linesize[plane],
            frame->width >> half, frame->height >> half
        );
    }
    return next_.push(std::move(made));
}

}  // namespace ittybit::media
