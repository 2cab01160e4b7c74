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

    /// From now on SIGHUP is no stop request; one that nobody acts on yet is kept.
    void keep_hang_ups();

    /// What SIGHUP does from now on, on a thread of its own, and now where one was kept; nothing:
    /// as before. Returns when no earlier one is being called any more.
    void on_hang_up(std::function<void()> act);

private:
    void wait();
    bool stops_at_signal();

    std::stop_source stop_;
    Mutex mutex_;
    std::function<void()> on_hang_up_ GUARDED_BY(mutex_);
    bool keeps_hang_ups_ GUARDED_BY(mutex_) = false;
    bool has_kept_ GUARDED_BY(mutex_) = false;
    Fd signals_;
    Fd leave_;
    std::thread thread_;
};

}  // namespace ittybit::cli
