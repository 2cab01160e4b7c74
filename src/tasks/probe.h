#pragma once

#include <stop_token>

#include "base/bytes.h"
#include "model/file.h"
#include "model/limits.h"
#include "model/operation.h"
#include "model/protocol.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// The facts of any input: its bytes decide whether libav or libvips reads it. Errors:
/// `unsupported_media`, `corrupt_media`, `limit_exceeded`, `cancelled`, those of the source.
Result<File> probe(ByteSource& source, const Limits& limits, std::stop_token stop = {});

/// The kind `probe`: Finished.file is the input's.
Result<Finished> run(const ProbeOptions& options, Job& job);

}  // namespace ittybit::tasks
