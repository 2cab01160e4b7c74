#pragma once

#include <stop_token>
#include <thread>

#include "base/fd.h"

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

private:
    void wait();

    std::stop_source stop_;
    Fd signals_;
    Fd leave_;
    std::thread thread_;
};

}  // namespace ittybit::cli
