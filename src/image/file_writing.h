#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ittybit::image {

/// Why a file could not be written, by errno: `disk_full`, `limit_exceeded` (output_bytes),
/// `encode_failed`.
Error write_error(int reason);

/// Writes all bytes at a place of a file. Errors: as write_error.
Result<> write_at(int descriptor, std::uint64_t offset, std::string_view bytes);

}  // namespace ittybit::image
