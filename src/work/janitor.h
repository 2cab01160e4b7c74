#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/trouble.h"
#include "storage/storage.h"
#include "store/job_store.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "work/lost_work.h"
#include "work/metrics.h"

namespace ittybit::work {

/// Puts right what nobody else does: lost jobs, expired rows and files, the log of the database.
class Janitor {
public:
    struct Keep {
        UnixMillis outputs = 0;  // milliseconds; 0: for ever
        UnixMillis uploads = 86'400'000;
        UnixMillis keys = 86'400'000;
        UnixMillis jobs = 180LL * 86'400'000;  // after they ended
    };

    Janitor(
        store::JobStore& jobs,
        store::Queue& queue,
        store::SegmentTable& segments,
        store::Outbox& outbox,
        store::FileTable& files,
        std::shared_ptr<storage::Storage> storage,
        Metrics& metrics,
        const Clock& clock,
        Keep keep,
        std::string scratch
    )
        : jobs_(jobs),
          outbox_(outbox),
          files_(files),
          storage_(std::move(storage)),
          clock_(clock),
          keep_(keep),
          scratch_(std::move(scratch)),
          lost_(queue, segments, metrics, clock, scratch_) {}

    void run(const std::stop_token& stop);

    /// Takes back lost jobs and removes the bytes of a bite of garbage. Whether there was anything
    /// to do. After an error the next call goes on behind what failed.
    Result<bool> run_once(const std::stop_token& stop);

    /// What need not be done often: expiry, and giving space back.
    Result<void> tidy(const std::stop_token& stop);

private:
    Result<> look_round(Trouble::Steady::time_point& next_tidy, const std::stop_token& stop);
    Result<void> sweep(const store::FileRecord& file, const std::stop_token& stop);

    store::JobStore& jobs_;
    store::Outbox& outbox_;
    store::FileTable& files_;
    const std::shared_ptr<storage::Storage> storage_;
    const Clock& clock_;
    const Keep keep_;
    const std::string scratch_;
    LostWork lost_;
    store::FileRecord after_;  // garbage behind it is next: what cannot be removed is passed by
};

}  // namespace ittybit::work
