#pragma once

#include <span>

#include "store/database.h"
#include "store/records.h"

/// How a job with its tasks lies in its rows. Only for the store's own files.
namespace ittybit::store {

/// The job with its tasks; nothing when there is none. What cannot be read of a row is left empty
/// and named in `broken` and in the job's warnings, so that it can still be shown, cancelled,
/// deleted and failed, and stands in nobody's way.
Result<std::optional<JobRecord>> load_job(Session& session, const std::string& id);

/// A task's row by its id; nothing when its job was never claimed, so that it has none.
struct TaskRow {
    Task task;
    std::string job_id;
};
Result<std::optional<TaskRow>> load_task_row(Session& session, const std::string& id);

/// Tells that the job's state is another one.
void announce_state(Session& session, const std::string& job_id);

/// A new job as its rows will be: made by whoever wants it, so that the one thread that writes need
/// not. Its tasks have none as long as they follow from it; a standalone task's do not.
struct NewRows {
    Values job;
    bool is_light = false;
    std::vector<Values> tasks;
    std::vector<Values> labels;
    std::vector<Values> files;  // the managed ones that are read, and when
};
NewRows rows_of(const JobRecord& record);
Result<void> insert_job(Session& session, const NewRows& rows);

/// Tells those who look for work that a job may be taken.
void announce_waiting(Session& session, bool is_light);

/// Writes the tasks of a job as they are, all of them, whether they have rows or not.
Result<void> write_tasks(Session& session, const std::string& job_id, std::span<const Task> tasks);

/// Writes one that has a row.
Result<void> update_task(Session& session, const Task& task);

/// Removes the job's row, and all that is kept beside it.
Result<void> delete_job(Session& session, const std::string& id);

/// The pieces of a job (`job_id`) or task (`task_id`) are not needed any more, nor their files.
Result<void> forget_segments(Session& session, std::string_view column, const std::string& id);

/// The message that announces a job's (or standalone task's) end: the object with its `type`.
json::object announcement(const JobRecord& record);

/// Writes a final state with its webhook delivery, and ends the lease. Whether it hit: whether the
/// job was not final and at this attempt still. Else nothing was written.
Result<bool> end_job(Session& session, const JobRecord& record, UnixMillis now);

/// The managed file that a URL names by its id, whatever its host; nothing when it names none.
std::optional<std::string> file_named_by(std::string_view url);

/// A managed file as its row has it.
inline constexpr std::string_view kFileColumns =
    "id, job_id, role, name, is_ready, created_at, used_at, size";
FileRecord file_from(const Row& row);

/// The labels that a job is found by: top-level members of its metadata that are strings, numbers,
/// true or false.
struct Label {
    std::string name;
    std::string value;
};
std::vector<Label> labels_of(const json::object& metadata);

}  // namespace ittybit::store
