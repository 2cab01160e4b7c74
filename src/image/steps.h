#pragma once

#include "base/result.h"
#include "image/picture.h"
#include "model/placement.h"

/// The steps a picture goes through, each one picture in, the next out. They are lazy: a failure
/// of the pixels (a damaged file) comes out where the picture is written.
namespace ittybit::image {

/// CMYK, Lab and floating point become RGB or grey with the samples' own depth and profile kept
/// for `to_srgb`; comes first, since scaling wants light that mixes.
Result<Picture> to_additive(Picture picture);

/// Scales to exactly this size (of the pixels as stored), premultiplying alpha on the way.
Result<Picture> resize(Picture picture, Size size);

/// The same picture in other pixels, of any size: its titles, orientation and transparency are
/// kept.
Result<Picture> repaint(const Picture& picture, Pixels pixels);

/// Reads all pixels, so that they can be had again and in any order: files give them once, from
/// the top.
Result<Picture> in_memory(const Picture& picture);

/// Applies and clears the EXIF orientation.
Result<Picture> orient(Picture picture);

/// Cuts out a part.
Result<Picture> crop(Picture picture, const Rectangle& kept);

/// 8-bit sRGB by the embedded profile, or grey where the picture is.
Result<Picture> to_srgb(Picture picture);

/// Lays the picture on a canvas of one colour. A colour that is not opaque adds alpha.
Result<Picture> pad(Picture picture, const Placement& placement, const Colour& background);

/// Lays transparency on a colour, whose own alpha is ignored. Nothing to do without alpha.
Result<Picture> flatten(Picture picture, const Colour& background);

/// Gives a picture the titles of another.
void copy_titles(const Picture& from, const Picture& to);

/// Drops all metadata but title, artist and copyright.
Result<Picture> strip(Picture picture);

}  // namespace ittybit::image
