#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::image {

/// A file as its reader, libvips or libav, is to see it. What the libraries refuse without need or
/// would unpack without bound is seen as something harmless of the same length (`repaired_heif`,
/// `without_bulk`); a GIF whose screen has no size gets that of its first picture, as in browsers.
/// All else is passed through. The source must outlive it. Errors: those of the source.
Result<std::unique_ptr<ByteSource>> presented(ByteSource& source);

}  // namespace ittybit::image
