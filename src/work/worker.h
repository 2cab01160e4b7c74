#pragma once

#include <stop_token>
#include <string>

#include "work/workshop.h"

namespace ittybit::work {

/// Claims jobs and works on them, as many at once as it has slots, and some more that only wait for
/// slow inputs.
class Worker {
public:
    Worker(Workshop& shop, int slots);

    /// Until `stop`: then takes no more, gives what runs `grace_seconds` and hands back the rest.
    void run(const std::stop_token& stop, int grace_seconds = 30);

    /// Works on the next piece or job, if one waits. Whether there was one.
    Result<bool> run_once(Slots::Hold& slot, const std::stop_token& hard_stop);

private:
    void show();
    Result<bool> encode_one(const std::stop_token& hard_stop);
    void run_slot(const std::stop_token& stop, const std::stop_token& hard_stop);

    Workshop& shop_;
    const int count_;
    Slots slots_;
};

}  // namespace ittybit::work
