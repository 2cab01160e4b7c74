#pragma once

#include <stop_token>

#include "base/bytes.h"
#include "model/file.h"
#include "model/limits.h"

namespace ittybit::tasks {

/// The facts of any input: its bytes decide whether libav or libvips reads it. Errors:
/// `unsupported_media`, `corrupt_media`, `limit_exceeded`, `cancelled`, those of the source.
Result<File> probe(ByteSource& source, const Limits& limits, std::stop_token stop = {});

}  // namespace ittybit::tasks
