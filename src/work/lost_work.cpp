#include "work/lost_work.h"

#include "base/fields_json.h"
#include "base/log.h"
#include "base/trouble.h"
#include "model/protocol.h"
#include "sandbox/workspace.h"

namespace ittybit::work {

void LostWork::run(const std::stop_token& stop) {
    do_rounds(stop, LeaseWatch::kLookCountsAtMost, "lost work cannot be looked for", [&] {
        return take_back(LeaseWatch::Steady::now());
    });
}

Result<int> LostWork::take_back(LeaseWatch::Steady::time_point now) {
    const int count = TRY(take_back_jobs(now)) + TRY(take_back_pieces(now));
    if (count > 0) sandbox::Workspace::remove_abandoned(scratch_);
    return count;
}

Result<int> LostWork::take_back_jobs(LeaseWatch::Steady::time_point now) {
    int count = 0;
    for (const auto& lease : jobs_.lost(TRY(queue_.leases()), now)) {
        if (TRY(queue_.take_back(lease, clock_.now()))) ++count;
    }
    if (count == 0) return 0;
    log::warn("lost jobs were taken back", {{"count", count}});
    metrics_.add("ittybit_jobs_lost_total", "", count);
    return count;
}

Result<int> LostWork::take_back_pieces(LeaseWatch::Steady::time_point now) {
    int count = 0;
    const Failed given_up{
        .kind = ErrorKind::kTaskCrashed,
        .message = "a piece of the video was cut off again and again: try it again later",
    };
    for (const auto& lease : pieces_.lost(TRY(segments_.leases()), now)) {
        if (TRY(segments_.take_back(lease, json_text(given_up)))) ++count;
    }
    if (count == 0) return 0;
    log::warn("lost pieces were taken back", {{"count", count}});
    metrics_.add("ittybit_pieces_total", "outcome=\"taken back\"", count);
    return count;
}

}  // namespace ittybit::work
