#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "store/queue.h"
#include "store/segments.h"
#include "work/lease_watch.h"
#include "work/metrics.h"

namespace ittybit::work {

/// Takes back the jobs, and the pieces of jobs, whose workers are gone, and what these left in our
/// scratch folder. Any number of processes may look: a lease is ended by one of them.
class LostWork {
public:
    LostWork(
        store::Queue& queue,
        store::SegmentTable& segments,
        Metrics& metrics,
        const Clock& clock,
        std::string scratch
    )
        : queue_(queue),
          segments_(segments),
          metrics_(metrics),
          clock_(clock),
          scratch_(std::move(scratch)) {}

    /// Looks every two seconds, for a process without a janitor.
    void run(const std::stop_token& stop);

    /// How many were lost.
    Result<int> take_back(LeaseWatch::Steady::time_point now);

private:
    Result<int> take_back_jobs(LeaseWatch::Steady::time_point now);
    Result<int> take_back_pieces(LeaseWatch::Steady::time_point now);

    store::Queue& queue_;
    store::SegmentTable& segments_;
    Metrics& metrics_;
    const Clock& clock_;
    const std::string scratch_;
    LeaseWatch jobs_;
    LeaseWatch pieces_;
};

}  // namespace ittybit::work
