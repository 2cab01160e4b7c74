#pragma once

#include "media/meter.h"
#include "model/protocol.h"

namespace ittybit::tasks {

/// Whether the stream that was made in the current folder keeps the musts of its standards, in what
/// it says and what it is: every byte of it is read again, none decoded. `meter` hears that it goes
/// on. Errors: `output_invalid` with the first rule that is broken.
Result<> check_stream(const Assignment& assignment, media::Meter& meter);

}  // namespace ittybit::tasks
