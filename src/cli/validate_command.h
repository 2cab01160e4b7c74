#pragma once

#include "cli/command.h"

namespace ittybit::cli {

/// `ittybit validate PATH|URL`: checks a stream on this machine by the rules of HLS, CMAF and DASH.
/// Exit status: 0 without a broken must, 1 with one, 2 where the stream cannot be read.
Command validate_command();

}  // namespace ittybit::cli
