#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ittybit::media {

/// What a failure of libav while reading means to the user. `doing` names the step in our words:
/// "read the file's structure", "decode the video". AVERROR_INVALIDDATA and the like become
/// `corrupt_media`, a missing decoder or feature `unsupported_media`, no memory `limit_exceeded`, a
/// stop `cancelled`. A limit is named, without its value.
Error input_error(int code, std::string_view doing);

/// The same for encoding and writing: `disk_full`, `limit_exceeded`, `cancelled`, else
/// `encode_failed`.
Error output_error(int code, std::string_view doing);

/// What everyone returns once a stop was asked for.
Error cancelled();

/// Keeps libav's messages from the terminal: they are noted, and the last error line stays
/// available for debugging. Called by whatever opens an input; once is enough.
void capture_log();

/// libav's last error line since the last call on this process; empty when there was none.
std::string take_last_log_line();

}  // namespace ittybit::media
