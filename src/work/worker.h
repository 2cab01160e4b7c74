#pragma once

#include <stop_token>
#include <string>

#include "work/workshop.h"

namespace ittybit::work {

/// Claims jobs and works on them, as many at once as it has slots.
class Worker {
public:
    Worker(Workshop& shop, int slots) : shop_(shop), slots_(slots) {}

    /// Until `stop`: then takes no more, gives what runs `grace_seconds` and hands back the rest.
    void run(const std::stop_token& stop, int grace_seconds = 30);

    /// Works on the next job, if one waits. Whether there was one.
    Result<bool> run_once(const std::stop_token& hard_stop);

private:
    void run_slot(const std::stop_token& stop, const std::stop_token& hard_stop);

    Workshop& shop_;
    const int slots_;
};

}  // namespace ittybit::work
