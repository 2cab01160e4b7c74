#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ittybit::work {

/// Why `what` could not be written, by errno: `disk_full`, `upload_failed`, `invalid_output`.
Error cannot_write(std::string_view what);

/// Writes all of these bytes to where `to` is, a pipe as fast as it is read. Errors: as below.
Result<> write_bytes(std::span<const std::byte> bytes, int to, const std::stop_token& stop);

/// Copies the open regular file `from` to where `to` is, a pipe as fast as it is read. Errors:
/// `disk_full`, `upload_failed` (nobody reads any more), `cancelled`.
Result<> write_all(int from, int to, const std::stop_token& stop);

/// Copies it into a device or FIFO, which waits for its reader, or into standard output for `-`.
/// Gives the path. Errors: also `invalid_output`.
Result<std::filesystem::path> write_through(
    int from, const std::string& stream, const std::stop_token& stop
);

}  // namespace ittybit::work
