#pragma once

#include "store/database.h"
#include "store/records.h"

/// How a job with its tasks lies in its row. Only for the store's own files.
namespace ittybit::store {

inline constexpr std::string_view kJobColumns =
    "id, is_task, kind, status, input, options, metadata, request, webhook_url, output, error, "
    "warnings, revision, attempt, created_at, started_at, finished_at, updated_at, "
    "tasks";

Result<JobRecord> job_from(const Row& row);

/// The job with its tasks; nothing when there is none.
Result<std::optional<JobRecord>> load_job(Session& session, const std::string& id);

/// A new job as its row will be: made by whoever wants it, so that the one thread that writes need
/// not.
Values row_of(const JobRecord& record);
Result<void> insert_job(Session& session, const Values& row);

/// A job's tasks as its column holds them. It is null as long as nobody has begun: then they still
/// follow from the job (but a standalone task is always written).
Value tasks_value(const std::vector<Task>& tasks);

/// Removes the row, and what is kept beside it of its tasks.
Result<void> delete_job(Session& session, const std::string& id, const std::vector<Task>& tasks);

/// The message that announces a job's (or standalone task's) end: the object with its `type`.
json::object announcement(const JobRecord& record);

/// Writes a final state with its webhook delivery. The caller has checked the state it leaves.
Result<void> end_job(Session& session, const JobRecord& record, UnixMillis now);

}  // namespace ittybit::store
