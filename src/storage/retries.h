#pragma once

#include <chrono>
#include <stop_token>

#include "base/result.h"

namespace ittybit::storage {

/// How often something that fails in passing is tried, and how long the wait between is.
struct Retries {
    int tries = 5;
    std::chrono::milliseconds pause{250};  // before the second try; doubles up to 32 times that

    /// Waits before the next try: anything up to the doubled pause (full jitter, see
    /// aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter). `failures` counts from 1.
    /// Errors: `cancelled`.
    Result<> wait(int failures, const std::stop_token& stop) const;
};

/// Whether an HTTP status tells of something that may be over at the next try.
bool may_pass(int status);

}  // namespace ittybit::storage
