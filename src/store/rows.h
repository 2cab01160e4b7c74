#pragma once

#include "store/database.h"
#include "store/records.h"

/// How jobs and tasks lie in their rows. Only for the store's own files.
namespace ittybit::store {

inline constexpr std::string_view kJobColumns =
    "id, is_task, kind, status, input, options, metadata, request, webhook_url, output, error, "
    "warnings, revision, attempt, created_at, started_at, finished_at, updated_at";
inline constexpr std::string_view kTaskColumns =
    "id, kind, status, progress, input, options, output, error, created_at, started_at, "
    "finished_at, updated_at";

Result<JobRecord> job_from(const Row& row);
Result<Task> task_from(const Row& row);

/// The tasks of a job, in their order.
Result<std::vector<Task>> load_tasks(Session& session, const std::string& job_id);

/// The job with its tasks; nothing when there is none.
Result<std::optional<JobRecord>> load_job(Session& session, const std::string& id);

Result<void> insert_job(Session& session, const JobRecord& record);

/// Writes what has changed of the tasks that are not final in the store yet.
Result<void> save_tasks(Session& session, const std::vector<Task>& tasks);

/// The message that announces a job's (or standalone task's) end: the object with its `type`.
json::object announcement(const JobRecord& record);

/// Writes a final state with its webhook delivery. The caller has checked the state it leaves.
Result<void> end_job(Session& session, const JobRecord& record, UnixMillis now);

}  // namespace ittybit::store
