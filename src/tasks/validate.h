#pragma once

#include "base/bytes.h"
#include "model/protocol.h"
#include "tasks/events.h"

namespace ittybit::tasks {

/// Checks the stream that `source` is a copy of (model/stream_copy.h), and leaves what it found as
/// `<stem>.json`. Errors: `internal_error` for options or an index that are none; those of the
/// source.
Result<Finished> validate(const Assignment& assignment, ByteSource& source, Events& events);

}  // namespace ittybit::tasks
