#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace ittybit::store {

/// Jobs, their tasks, and the queue they form. Every change names the state it leaves, in one
/// statement; now is always the caller's. Safe from any thread.
class JobStore {
public:
    static constexpr std::int64_t kMostAttempts = 3;

    explicit JobStore(Database& database) : database_(database) {}

    /// What create_later() came to: the answer to give, and whether it is an earlier one.
    struct Created {
        Answer answer;
        bool is_replayed = false;
    };

    using WhenCreated = std::function<void(Result<Created>)>;

    /// Writes a new job and remembers `answer` under `key`; `done` is told once that is durable, on
    /// a thread of the database, and must not wait. A key used before gives the answer it was given
    /// then. Errors: `idempotency_key_reused`.
    void create_later(
        const JobRecord& record, std::optional<IdempotencyKey> key, Answer answer, WhenCreated done
    );

    /// The answer that a key was given, if it was used. Errors: `idempotency_key_reused`.
    Result<std::optional<Answer>> find_answer(const IdempotencyKey& key);
    Result<void> remember(const IdempotencyKey& key, const Answer& answer, UnixMillis now);

    Result<std::optional<JobRecord>> find_job(const std::string& id);

    /// A task of any job, and the job it belongs to.
    struct TaskRecord {
        Task task;
        std::string job_id;
        bool is_standalone = false;
    };
    Result<std::optional<TaskRecord>> find_task(const std::string& id);

    /// Jobs newest first unless asked otherwise. Errors: `invalid_request` (an unknown cursor).
    Result<Page<Job>> list_jobs(const ListQuery& query);
    /// Standalone tasks, in the same way.
    Result<Page<Task>> list_tasks(const ListQuery& query);

    /// The job's revision alone, for those who follow it; nothing when it is gone.
    Result<std::optional<std::int64_t>> find_revision(const std::string& id);

    /// Ends a job that is not final as cancelled; one cancelled before is returned as it is.
    /// Errors: `job_not_found`, `job_finished`.
    Result<JobRecord> cancel(const std::string& id, UnixMillis now);

    /// Removes a job's rows, cancelled first where it was not final; its files become garbage,
    /// which the janitor sweeps. Errors: `job_not_found`.
    Result<void> remove(const std::string& id, UnixMillis now);

    /// Gives the oldest job that may be worked on now to a worker; nothing when there is none.
    struct Claimed {
        Claim claim;
        JobRecord record;
    };
    Result<std::optional<Claimed>> claim(
        const std::string& worker, UnixMillis lease_until, UnixMillis now
    );

    /// Extends the lease and saves the job's tasks. False when the job is not the claim's any more:
    /// cancelled, deleted, or given to somebody else. `is_new_state`: followers should be told.
    Result<bool> heartbeat(
        const Claim& claim,
        const std::vector<Task>& tasks,
        bool is_new_state,
        UnixMillis lease_until,
        UnixMillis now
    );

    /// Whether the job is still the claim's: a cheap look between heartbeats.
    Result<bool> is_held(const Claim& claim);

    /// Ends the job as the record says, with its webhook delivery and the claim's files and parts.
    /// False when it is not the claim's any more: then nothing is written.
    struct Outcome {
        JobRecord record;
        std::vector<std::string> files;  // ids that are published now
        std::vector<Part> parts;         // of a many-part output
        std::string parts_task;          // the task whose parts they are
    };
    Result<bool> finish(const Claim& claim, const Outcome& outcome, UnixMillis now);

    /// Puts the job back in the queue, not to be taken before `available_at`. Without
    /// `counts_attempt`, as if it had never been claimed.
    Result<bool> give_back(
        const Claim& claim, UnixMillis available_at, bool counts_attempt, UnixMillis now
    );

    /// Takes back every job whose lease ran out, and every one of `worker` when it is not empty; a
    /// job with no attempt left fails with `task_crashed`. The number of jobs touched.
    Result<int> recover(const std::string& worker, UnixMillis now);

    /// When the next queued job may be taken; nothing when none waits.
    Result<std::optional<UnixMillis>> next_available();

    /// How many jobs are in each state, for metrics and limits.
    struct Counts {
        std::int64_t queued = 0;
        std::int64_t processing = 0;
        std::optional<UnixMillis> oldest_queued;
    };
    Result<Counts> counts();

    /// Forgets idempotency keys made before `keys`, and jobs that ended before `jobs`.
    Result<int> forget(UnixMillis keys, UnixMillis jobs);

    Result<std::vector<Part>> list_parts(
        const std::string& task_id, const ListQuery& query, bool& has_more
    );

    Database& database() { return database_; }

private:
    Database& database_;
};

}  // namespace ittybit::store
