#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace ittybit::store {

/// The queue that jobs form: what workers and the janitor do. A job is worked on by whoever has its
/// lease: each write names worker and attempt, looks whether it hit, and did nothing if not. Leases
/// are locked before jobs, but by a claim, whose job has none. Safe from any thread.
class Queue {
public:
    static constexpr std::int64_t kMostAttempts = 3;
    /// So often may work be cut off by nobody's fault (a server is killed) before the job is given
    /// up after all: it might be what kills.
    static constexpr std::int64_t kMostCutOff = 100;

    explicit Queue(Database& database) : database_(database) {}

    /// Gives the job that is next (store/turns) in a lane to a worker; nothing when there is none.
    /// One whose row cannot be read ends as `internal_error` on the way.
    Result<std::optional<Claimed>> claim(
        const std::string& worker, UnixMillis now, Lane lane = Lane::kAny
    );

    /// Shows that the worker lives, and saves the tasks that have changed. False when the job is
    /// not the claim's any more: cancelled, deleted, or given to somebody else. `is_new_state`:
    /// followers should be told.
    Result<bool> heartbeat(
        const Claim& claim, std::span<const Task> changed, bool is_new_state, UnixMillis now
    );

    /// Whether the job is still the claim's: a cheap look between heartbeats.
    Result<bool> is_held(const Claim& claim);

    /// Makes one of several outputs the users' while the job goes on: saves the tasks and warnings
    /// as they are, and the claim's files and parts. False when the job is not the claim's any
    /// more: then nothing is written.
    Result<bool> publish(const Claim& claim, const Ending& made, UnixMillis now);

    /// Ends the job as the record says, with its webhook delivery and the claim's files and parts.
    /// False when it is not the claim's any more: then nothing is written.
    Result<bool> finish(const Claim& claim, const Ending& ending, UnixMillis now);

    /// Puts the job back in the queue, not to be taken before `available_at`. Without
    /// `counts_attempt`, as if it had never been claimed.
    Result<bool> give_back(
        const Claim& claim, UnixMillis available_at, bool counts_attempt, UnixMillis now
    );

    /// Everybody who works on something.
    Result<std::vector<Lease>> leases();

    /// Takes a job back whose worker is gone: costs the job no attempt. False when the lease is not
    /// as it was seen any more.
    Result<bool> take_back(const Lease& lease, UnixMillis now);

    /// Takes back all that `worker` had. The number of jobs.
    Result<int> take_back_all(const std::string& worker, UnixMillis now);

    /// When the next queued job may be taken, at most `now` for one that may be now; nothing when
    /// none waits, or only for others of its key to end. A wait that was begun later than now is
    /// over: the clock was set back since. Of the light lane a time in the future is that of any
    /// job.
    Result<std::optional<UnixMillis>> next_available(UnixMillis now, Lane lane = Lane::kAny);

    Database& database() { return database_; }

private:
    Database& database_;
};

}  // namespace ittybit::store
