#include "tasks/still.h"

#include <array>
#include <cstring>
#include <utility>

#include "image/steps.h"
#include "media/jpegxl.h"
#include "tasks/rgb_frames.h"

namespace ittybit::tasks {

Result<media::Frame> frame_of(std::span<const std::byte> rows, Size size, AVPixelFormat format) {
    media::Frame frame = media::make_frame();
    frame->width = size.width;
    frame->height = size.height;
    frame->format = format;
    frame->color_range = AVCOL_RANGE_JPEG;
    const int code = av_frame_get_buffer(frame.get(), 0);
    if (code < 0) return Error{ErrorKind::kLimitExceeded, "the picture needs too much memory", ""};
    const std::size_t row = rows.size() / static_cast<std::size_t>(size.height);
    for (int y = 0; y < size.height; ++y)
        std::memcpy(
            frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0],
            rows.data() + static_cast<std::size_t>(y) * row, row
        );
    return frame;
}

Result<media::Frame> frame_of(const image::Pixels& pixels) {
    constexpr std::array kBytes = {
        AV_PIX_FMT_GRAY8, AV_PIX_FMT_YA8, AV_PIX_FMT_RGB24, AV_PIX_FMT_RGBA
    };
    constexpr std::array kWords = {
        AV_PIX_FMT_GRAY16, AV_PIX_FMT_YA16, AV_PIX_FMT_RGB48, AV_PIX_FMT_RGBA64
    };
    const auto& formats = pixels.bits == 16 ? kWords : kBytes;
    const auto format = formats.at(static_cast<std::size_t>(pixels.bands - 1));
    return frame_of(pixels.bytes, {pixels.width, pixels.height}, format);
}

Result<image::Picture> open_still(
    ByteSource& source,
    const Sniffed& sniffed,
    const Limits& limits,
    const image::Header& header,
    const image::Picture::Load& how,
    Size scaled
) {
    auto picture = TRY(image::Picture::open(source, sniffed, limits, how));
    if (!header.is_beyond_srgb()) return picture;
    if (picture.has_alpha()) picture = TRY(image::in_memory(picture));
    image::Pixels pixels = TRY(picture.pixels());
    if (pixels.bands < 3) return picture;
    media::Frame frame = TRY(frame_of(pixels));
    pixels = {};
    frame->colorspace = AVCOL_SPC_RGB;
    frame->color_primaries = static_cast<AVColorPrimaries>(header.primaries);
    frame->color_trc = static_cast<AVColorTransferCharacteristic>(header.transfer);
    return image::repaint(picture, TRY(to_pixels(std::move(frame), rgb_treatment(scaled, false))));
}

Result<std::optional<image::Picture>> open_titled(ByteSource& source, const Limits& limits) {
    const Sniffed sniffed = TRY(sniff(source));
    const bool is_either = sniffed.format == "apng" || sniffed.format == "webp";
    if (!is_either || sniffed.family != Family::kAnimation) return std::optional<image::Picture>();
    auto picture = image::Picture::open(source, sniffed, limits, {});
    if (!picture) return std::optional<image::Picture>();  // others may read it all the same
    return std::optional(*std::move(picture));
}

Result<std::optional<std::string>> first_alone(ByteSource& source, const Sniffed& sniffed) {
    if (sniffed.format != "jxl" || !TRY(media::is_animated_jpegxl(source)))
        return std::optional<std::string>();
    return std::optional<std::string>(
        "the input is an animated JPEG XL, of which only the first picture can be read"
    );
}

media::Orientation orientation_of(const image::Header& header) {
    switch (header.orientation) {
        case 2: return {.is_mirrored = true, .rotation = 0};
        case 3: return {.is_mirrored = false, .rotation = 180};
        case 4: return {.is_mirrored = true, .rotation = 180};
        case 5: return {.is_mirrored = true, .rotation = 270};
        case 6: return {.is_mirrored = false, .rotation = 90};
        case 7: return {.is_mirrored = true, .rotation = 90};
        case 8: return {.is_mirrored = false, .rotation = 270};
        default: return {};
    }
}

media::PictureShape rgba_shape(Size size) {
    return {
        .width = size.width,
        .height = size.height,
        .format = AV_PIX_FMT_RGBA,
        .range = AVCOL_RANGE_JPEG,
    };
}

Result<image::Picture> upright_picture(ByteSource& source, const Limits& limits) {
    const Sniffed sniffed = TRY(sniff(source));
    const auto header = TRY(image::read_header(source, sniffed, limits));
    auto picture = TRY(open_still(source, sniffed, limits, header, {}, header.stored));
    picture = TRY(image::to_additive(std::move(picture)));
    picture = TRY(image::orient(std::move(picture)));
    return image::to_srgb(std::move(picture));
}

Result<media::Frame> upright_frame(ByteSource& source, const Limits& limits) {
    const auto picture = TRY(upright_picture(source, limits));
    return frame_of(TRY(picture.pixels()));
}

}  // namespace ittybit::tasks
