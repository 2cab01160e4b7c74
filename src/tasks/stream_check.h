#pragma once

#include "model/protocol.h"

namespace ittybit::tasks {

/// Whether the stream that was made in the current folder keeps the musts of its standards, in what
/// it says and what it is: every byte of it is read again, none decoded. Errors: `output_invalid`
/// with the first rule that is broken.
Result<> check_stream(const Assignment& assignment);

}  // namespace ittybit::tasks
