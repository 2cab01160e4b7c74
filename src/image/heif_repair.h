#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::image {

/// The same HEIF or AVIF of the same length, as libheif before 1.18 reads it. Nothing when it needs
/// no change:
/// - An auxiliary picture belongs to one picture. The gain map of an iPhone since iOS 18 also
///   belongs to a tone-mapped one (`tmap`), and libheif then refuses the whole file.
/// - An alpha is turned, mirrored and cut as its picture is; libheif drops one that is not.
/// - Metadata that is packed is not there: nobody bounds what it unpacks to.
/// The source must outlive it. Errors: those of the source.
Result<std::unique_ptr<ByteSource>> repaired_heif(ByteSource& source);

}  // namespace ittybit::image
