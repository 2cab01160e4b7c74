#include "work/lease_watch.h"

#include <algorithm>
#include <utility>

namespace ittybit::work {
namespace {

bool is_same(const store::Lease& one, const store::Lease& other) {
    return one.claim.attempt == other.claim.attempt && one.claim.worker == other.claim.worker &&
           one.beat == other.beat;
}

}  // namespace

std::vector<store::Lease> LeaseWatch::lost(
    const std::vector<store::Lease>& leases, Steady::time_point now
) {
    const auto passed = std::min<Steady::duration>(now - looked_at_, kLookCountsAtMost);
    looked_at_ = now;
    std::map<std::string, Seen> next;
    std::vector<store::Lease> lost;
    for (const auto& lease : leases) {
        Seen seen{lease};
        const auto before = seen_.find(lease.claim.job_id);
        if (before != seen_.end() && is_same(before->second.lease, lease)) {
            seen.silent = before->second.silent + passed;
        }
        if (seen.silent >= kPatience) lost.push_back(lease);
        next.emplace(lease.claim.job_id, std::move(seen));
    }
    seen_ = std::move(next);
    return lost;
}

}  // namespace ittybit::work
