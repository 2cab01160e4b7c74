#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "store/records.h"

namespace ittybit::work {

/// Tells which leases are lost: those whose beat has stood still for so long while we looked. Only
/// our own steady clock counts, so that no wall clock that jumps takes a job away; and a look
/// counts for little, however late it comes, so that a process that was stopped for a while (a
/// suspended machine, SIGSTOP) does not take away what runs beside it.
class LeaseWatch {
public:
    using Steady = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds kPatience{15'000};
    static constexpr std::chrono::milliseconds kLookCountsAtMost{2'000};

    /// Every lease there is, at this moment. Those that are lost, again and again until they are
    /// gone.
    std::vector<store::Lease> lost(const std::vector<store::Lease>& leases, Steady::time_point now);

private:
    struct Seen {
        store::Lease lease;
        Steady::duration silent{0};
    };
    std::map<std::string, Seen> seen_;  // by job
    Steady::time_point looked_at_{};
};

}  // namespace ittybit::work
