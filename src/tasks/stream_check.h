#pragma once

#include <string>

#include "base/result.h"
#include "media/meter.h"

namespace ittybit::tasks {

/// Whether the stream behind this manifest, which was made in the current folder, keeps the musts
/// of its standards, in what it says and what it is: every byte of it is read again, none decoded.
/// `is_encrypted`: segments will be, on their way out. `meter` hears that it goes on. Errors:
/// `output_invalid` with the first rule that is broken.
Result<> check_stream(const std::string& manifest, bool is_encrypted, media::Meter& meter);

}  // namespace ittybit::tasks
