#include "store/rows.h"

#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/ids.h"

namespace ittybit::store {
namespace {

Error broken(std::string_view what) {
    return {ErrorKind::kInternalError, fmt::format("the database holds a broken {}", what), ""};
}

template <typename T>
Value json_or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return json_text(*value);
}

/// Reads a JSON column written by to_json.
template <typename T>
Result<T> read_column(const Row& row, std::size_t column, std::string_view what) {
    // What was sent at the greatest depth lies deeper in some columns.
    const auto parsed = parse_json(row.text(column), 2 * kDeepestJson);
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
    if (row.is_null(18)) {
        job.tasks = waiting_tasks(job);
        record.show_destination();
    } else {
        job.tasks = TRY(read_column<std::vector<Task>>(row, 18, "list of tasks"));
    }
    return record;
}

Result<std::optional<JobRecord>> load_job(Session& session, const std::string& id) {
    static const std::string kSql = fmt::format("SELECT {} FROM jobs WHERE id = $1", kJobColumns);
    const auto rows = TRY(session.run(kSql, {id}));
    if (rows.empty()) return std::optional<JobRecord>();
    return std::optional(TRY(job_from(rows.front())));
}

Values row_of(const JobRecord& record) {
    const Job& job = record.job;
    return {
        job.id,
        std::int64_t{record.is_task},
        job.kind,
        job.input,
        compact_json(job.options),
        compact_json(job.metadata),
        compact_json(record.request),
        value_of(record.webhook_url),
        record.is_task ? tasks_value(job.tasks) : nullptr,
        job.created_at,
    };
}

Result<void> insert_job(Session& session, const Values& row) {
    TRY(session.run(
        "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
        "webhook_url, tasks, revision, attempt, available_at, created_at, updated_at) "
        "VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, 1, 0, $10, $10, $10)",
        row
    ));
    return {};
}

Value tasks_value(const std::vector<Task>& tasks) {
    return json_text(tasks);
}

Result<void> delete_job(Session& session, const std::string& id, const std::vector<Task>& tasks) {
    for (const auto& task : tasks) {
        TRY(session.run("DELETE FROM parts WHERE task_id = $1", {task.id}));
    }
    TRY(session.run("DELETE FROM jobs WHERE id = $1", {id}));
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
        "updated_at = $6, revision = revision + 1, worker = NULL, lease_until = NULL, tasks = $7 "
        "WHERE id = $1 AND status IN ('queued', 'processing')",
        {job.id, std::string(name_of(job.status)), value_of(job.output), json_or_null(job.error),
         json_text(job.warnings), now, tasks_value(job.tasks)}
    ));
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
