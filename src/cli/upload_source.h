#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::cli {

/// Hears how many bytes have been sent, of how many; the whole is 0 while unknown.
using Sent = std::function<void(std::int64_t sent, std::int64_t size)>;

/// A local file as the body of an upload; of a pipe, a device or standard input (`/dev/stdin`) what
/// comes out of it, once. Errors: `invalid_input`.
Result<std::unique_ptr<ByteSource>> open_for_upload(
    const std::string& path, Sent sent, const std::stop_token& stop
);

}  // namespace ittybit::cli
