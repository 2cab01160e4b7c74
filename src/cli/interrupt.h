#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "base/fd.h"
#include "base/thread_safety.h"

namespace ittybit::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request. Made before any other thread, so that
/// all of them leave these signals to it.
class Interrupt {
public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    ~Interrupt();

    std::stop_token token() const { return stop_.get_token(); }

    /// From now on SIGHUP is no stop request but calls this, on a thread of its own; nothing: as
    /// before. Returns when no earlier one is being called any more.
    void on_hang_up(std::function<void()> act);

private:
    void wait();
    bool stops_at_signal();

    std::stop_source stop_;
    Mutex mutex_;
    std::function<void()> on_hang_up_ GUARDED_BY(mutex_);
    Fd signals_;
    Fd leave_;
    std::thread thread_;
};

}  // namespace ittybit::cli
