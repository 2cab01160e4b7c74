#pragma once

#include "manifest/report.h"
#include "model/stream_copy.h"
#include "storage/scratch.h"
#include "work/stream_origin.h"

namespace ittybit::work {

/// All files of a stream in one, for a child to read.
struct StreamCopy {
    storage::Scratch file;
    std::int64_t size = 0;
    std::int64_t index_offset = 0;  // where a StreamIndex lies in it, as JSON
    std::int64_t index_size = 0;
};

/// Copies all that the manifest of a stream names, into a nameless file in `folder` of at most
/// `largest` bytes. How it is delivered is judged on the way. Errors: `invalid_input` where there
/// is no manifest; `limit_exceeded`, `disk_full`, `cancelled`.
Result<StreamCopy> copy_stream(
    StreamOrigin& origin,
    const std::string& folder,
    std::int64_t largest,
    manifest::Report& report,
    const std::stop_token& stop
);

}  // namespace ittybit::work
