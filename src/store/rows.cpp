#include "store/rows.h"

#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/ids.h"

namespace ittybit::store {
namespace {

Error broken(std::string_view what) {
    return {"internal_error", fmt::format("the database holds a broken {}", what), ""};
}

template <typename T>
Value json_or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return compact_json(to_json(*value));
}

/// Reads a JSON column written by to_json.
template <typename T>
Result<T> read_column(const Row& row, std::size_t column, std::string_view what) {
    const auto parsed = parse_json(row.text(column));
    if (!parsed) return broken(what);
    T value;
    Reader reader;
    reader.read(*parsed, value);
    if (!reader.problems().empty()) return broken(what);
    return value;
}

template <typename T>
Result<std::optional<T>> read_optional(const Row& row, std::size_t column, std::string_view what) {
    std::optional<T> value;
    if (!row.is_null(column)) value = TRY(read_column<T>(row, column, what));
    return value;
}

Value options_value(const json::object& object) {
    if (object.empty()) return nullptr;
    return compact_json(object);
}

}  // namespace

Result<JobRecord> job_from(const Row& row) {
    JobRecord record;
    Job& job = record.job;
    job.id = row.text(0);
    record.is_task = row.integer(1) != 0;
    job.kind = row.text(2);
    job.status = find_named<JobStatus>(row.text(3)).value_or(JobStatus::kFailed);
    job.input = row.text(4);
    job.options = TRY(read_column<json::object>(row, 5, "options"));
    job.metadata = TRY(read_column<json::object>(row, 6, "metadata"));
    record.request = TRY(read_column<json::object>(row, 7, "request"));
    record.webhook_url = row.optional_text(8);
    job.output = row.optional_text(9);
    job.error = TRY(read_optional<Failure>(row, 10, "error"));
    if (!row.is_null(11)) {
        job.warnings = TRY(read_column<std::vector<std::string>>(row, 11, "list of warnings"));
    }
    record.revision = row.integer(12);
    record.attempt = row.integer(13);
    job.created_at = row.integer(14);
    job.started_at = row.optional_integer(15);
    job.finished_at = row.optional_integer(16);
    job.updated_at = row.integer(17);
    return record;
}

Result<Task> task_from(const Row& row) {
    Task task;
    task.id = row.text(0);
    task.kind = row.text(1);
    task.status = find_named<TaskStatus>(row.text(2)).value_or(TaskStatus::kFailed);
    if (!row.is_null(3)) task.progress = static_cast<int>(row.integer(3));
    task.input = TRY(read_optional<TaskInput>(row, 4, "input"));
    if (!row.is_null(5)) task.options = TRY(read_column<json::object>(row, 5, "options"));
    task.output = TRY(read_optional<File>(row, 6, "output"));
    task.error = TRY(read_optional<Failure>(row, 7, "error"));
    task.created_at = row.integer(8);
    task.started_at = row.optional_integer(9);
    task.finished_at = row.optional_integer(10);
    task.updated_at = row.integer(11);
    return task;
}

Result<std::vector<Task>> load_tasks(Session& session, const std::string& job_id) {
    static const std::string kSql =
        fmt::format("SELECT {} FROM tasks WHERE job_id = $1 ORDER BY position", kTaskColumns);
    const auto rows = TRY(session.run(kSql, {job_id}));
    std::vector<Task> tasks;
    for (const auto& row : rows) tasks.push_back(TRY(task_from(row)));
    return tasks;
}

Result<std::optional<JobRecord>> load_job(Session& session, const std::string& id) {
    static const std::string kSql = fmt::format("SELECT {} FROM jobs WHERE id = $1", kJobColumns);
    const auto rows = TRY(session.run(kSql, {id}));
    if (rows.empty()) return std::optional<JobRecord>();
    auto record = TRY(job_from(rows.front()));
    record.job.tasks = TRY(load_tasks(session, id));
    return std::optional(std::move(record));
}

Result<void> insert_job(Session& session, const JobRecord& record) {
    const Job& job = record.job;
    TRY(session.run(
        "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
        "webhook_url, revision, attempt, available_at, created_at, updated_at) "
        "VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, 1, 0, $9, $9, $9)",
        {job.id, std::int64_t{record.is_task}, job.kind, job.input, compact_json(job.options),
         compact_json(job.metadata), compact_json(record.request), value_of(record.webhook_url),
         job.created_at}
    ));
    std::int64_t position = 0;
    for (const auto& task : job.tasks) {
        TRY(session.run(
            "INSERT INTO tasks (id, job_id, position, kind, status, input, options, created_at, "
            "updated_at) VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7, $7)",
            {task.id, job.id, position++, task.kind, json_or_null(task.input),
             options_value(task.options), task.created_at}
        ));
    }
    return {};
}

Result<void> save_tasks(Session& session, const std::vector<Task>& tasks) {
    for (const auto& task : tasks) {
        TRY(session.run(
            "UPDATE tasks SET status = $2, progress = $3, input = $4, options = $5, output = $6, "
            "error = $7, started_at = $8, finished_at = $9, updated_at = $10 "
            "WHERE id = $1 AND status IN ('waiting', 'processing')",
            {task.id, std::string(name_of(task.status)), value_of(task.progress),
             json_or_null(task.input), options_value(task.options), json_or_null(task.output),
             json_or_null(task.error), value_of(task.started_at), value_of(task.finished_at),
             task.updated_at}
        ));
    }
    return {};
}

json::object announcement(const JobRecord& record) {
    const auto status = name_of(record.job.status);
    const std::string_view object = record.is_task ? "task" : "job";
    auto body = record.is_task ? to_json(record.job.tasks.at(0)) : to_json(record.job);
    body.get_object()["type"] = fmt::format("{}.{}", object, status);
    return std::move(body.get_object());
}

Result<void> end_job(Session& session, const JobRecord& record, UnixMillis now) {
    const Job& job = record.job;
    TRY(session.run(
        "UPDATE jobs SET status = $2, output = $3, error = $4, warnings = $5, finished_at = $6, "
        "updated_at = $6, revision = revision + 1, worker = NULL, lease_until = NULL "
        "WHERE id = $1 AND status IN ('queued', 'processing')",
        {job.id, std::string(name_of(job.status)), value_of(job.output), json_or_null(job.error),
         compact_json(to_json(job.warnings)), now}
    ));
    TRY(save_tasks(session, job.tasks));
    if (!record.webhook_url) return {};
    const auto body = announcement(record);
    TRY(session.run(
        "INSERT INTO deliveries (id, job_id, type, url, body, status, attempts, next_at, "
        "lease_until, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, 0, $6, "
        "$6)",
        {make_id("msg", now), job.id, string_at(body, "type"), *record.webhook_url,
         compact_json(body), now}
    ));
    return {};
}

}  // namespace ittybit::store
