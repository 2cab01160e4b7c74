#include "work/lost_jobs.h"

#include <algorithm>

#include "base/log.h"
#include "base/pause.h"
#include "base/trouble.h"
#include "sandbox/workspace.h"

namespace ittybit::work {

void LostJobs::run(const std::stop_token& stop) {
    Trouble trouble("lost jobs cannot be looked for");
    while (!stop.stop_requested()) {
        auto wait = LeaseWatch::kLookCountsAtMost;
        if (const auto done = take_back(LeaseWatch::Steady::now()); !done) {
            wait = std::max(wait, trouble.note(done.error()));
        } else {
            trouble.end();
        }
        pause(stop, wait);
    }
}

Result<int> LostJobs::take_back(LeaseWatch::Steady::time_point now) {
    int count = 0;
    for (const auto& lease : watch_.lost(TRY(queue_.leases()), now)) {
        if (TRY(queue_.take_back(lease, clock_.now()))) ++count;
    }
    if (count == 0) return 0;
    log::warn("lost jobs were taken back", {{"count", count}});
    metrics_.add("ittybit_jobs_lost_total", "", count);
    sandbox::Workspace::remove_abandoned(scratch_);
    return count;
}

}  // namespace ittybit::work
