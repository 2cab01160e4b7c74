#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "image/header.h"
#include "image/picture.h"
#include "media/filters.h"
#include "media/handles.h"
#include "media/stream.h"
#include "model/limits.h"
#include "model/sniff.h"

/// Pictures on their way between libvips and libav.
namespace ittybit::tasks {

/// A frame with a copy of these rows. Errors: `limit_exceeded`.
Result<media::Frame> frame_of(std::span<const std::byte> rows, Size size, AVPixelFormat format);
Result<media::Frame> frame_of(const image::Pixels& pixels);

/// Opens a still for libvips' steps. What its header says to be HDR or of a wide gamut comes in
/// sRGB, and scaled to `scaled` (as stored) already. Errors: as image::Picture::open,
/// `encode_failed`.
Result<image::Picture> open_still(
    ByteSource& source,
    const Sniffed& sniffed,
    const Limits& limits,
    const image::Header& header,
    const image::Picture::Load& how,
    Size scaled
);

/// What has the titles of an animated PNG or WebP, whose frames come without: its first picture, as
/// libvips opens it. Nothing of all others. Errors: those of the source.
Result<std::optional<image::Picture>> open_titled(ByteSource& source, const Limits& limits);

/// What is to be said of a picture that moves, and of which nobody reads more than the first one.
/// Errors: those of the source.
Result<std::optional<std::string>> first_alone(ByteSource& source, const Sniffed& sniffed);

/// What a picture's EXIF orientation asks of filters.
media::Orientation orientation_of(const image::Header& header);

/// What such frames look like to filters.
media::PictureShape rgba_shape(Size size);

/// The input's still picture: upright, in sRGB. Errors: as open_still.
Result<image::Picture> upright_picture(ByteSource& source, const Limits& limits);
/// The same as a frame.
Result<media::Frame> upright_frame(ByteSource& source, const Limits& limits);

}  // namespace ittybit::tasks
