#pragma once

#include <chrono>
#include <condition_variable>
#include <stop_token>

#include "base/thread_safety.h"

namespace ittybit {

/// Waits for this long, or until a stop is requested.
inline void pause(const std::stop_token& stop, std::chrono::milliseconds time) {
    Mutex mutex;
    std::condition_variable_any never;
    MutexLock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace ittybit
