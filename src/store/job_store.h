#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace ittybit::store {

/// Jobs and their tasks: what users ask. Every change names the state it leaves and looks whether
/// it hit; now is always the caller's. Safe from any thread.
class JobStore {
public:
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

    /// Jobs newest first unless asked otherwise. A page looks through a bounded number of rows: it
    /// may be short although there is more. Errors: `invalid_request` (no cursor).
    Result<Page<Job>> list_jobs(const ListQuery& query);
    /// Standalone tasks, in the same way.
    Result<Page<Task>> list_tasks(const ListQuery& query);
    /// The parts of a task by name.
    Result<Page<Part>> list_parts(const std::string& task_id, const ListQuery& query);

    /// The job's revision alone, for those who follow it; nothing when it is gone.
    Result<std::optional<std::int64_t>> find_revision(const std::string& id);

    /// Ends a job that is not final as cancelled; one cancelled before is returned as it is. `id`
    /// is a job's, or of the one behind a standalone task. Errors: `job_not_found`, `job_finished`.
    Result<JobRecord> cancel(const std::string& id, UnixMillis now);

    /// Removes a job's rows, cancelled first where it was not final; its files become garbage,
    /// which the janitor sweeps. Errors: `job_not_found`.
    Result<void> remove(const std::string& id, UnixMillis now);

    /// The ids of some jobs behind `after`, in their order, in whose orders a key is sealed that
    /// does not begin with `mark`.
    Result<std::vector<std::string>> sealed_otherwise(
        const std::string& mark, const std::string& after
    );
    /// Writes an order anew, whose keys alone have other seals.
    Result<void> reseal(const std::string& id, const Order& order);

    /// How many jobs are in each state, for metrics and limits.
    struct Counts {
        std::int64_t queued = 0;
        std::int64_t processing = 0;
        std::optional<UnixMillis> oldest_queued;
    };
    Result<Counts> counts();

    /// What waits, by priority.
    struct Queued {
        std::int64_t count = 0;
        UnixMillis oldest = 0;
    };
    Result<std::map<int, Queued>> queued();

    /// Forgets idempotency keys made before `keys`, and jobs that ended before `jobs`: one bite of
    /// them, so that nobody waits long for the writer. How many; 0: none is left.
    Result<int> forget(UnixMillis keys, UnixMillis jobs);

    Database& database() { return database_; }

private:
    Database& database_;
};

}  // namespace ittybit::store
