#include "store/rows.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "model/weight.h"
#include "store/side_tables.h"

namespace ittybit::store {
namespace {

template <typename T>
Value json_or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return json_text(*value);
}

/// Reads the JSON columns of one row, which were written by to_json.
class Columns {
public:
    explicit Columns(const Row& row) : row_(row) {}

    /// Leaves `out` as it is where the column is null or cannot be read.
    template <typename T>
    void read(std::size_t column, std::string_view name, T& out) {
        if (row_.is_null(column)) return;
        // What was sent at the greatest depth lies deeper in some columns.
        const auto parsed = parse_json(row_.text(column), 2 * kDeepestJson);
        T value;
        Reader reader;
        if (parsed) reader.read(*parsed, value);
        if (parsed && reader.problems().empty()) {
            out = std::move(value);
        } else if (broken_.empty()) {
            broken_ = name;
        }
    }

    /// The first that could not be read.
    const std::string& broken() const { return broken_; }

private:
    const Row& row_;
    std::string broken_;
};

constexpr std::string_view kJobColumns =
    "id, is_task, kind, status, input, options, metadata, request, webhook_url, output, error, "
    "warnings, revision, attempt, created_at, started_at, finished_at, updated_at, uncounted, "
    "base_url";

constexpr std::string_view kTaskColumns =
    "id, kind, status, progress, input, options, output, error, created_at, started_at, "
    "finished_at, updated_at";

Task task_from(const Row& row, std::string& broken) {
    Columns columns(row);
    Task task;
    task.id = row.text(0);
    task.kind = row.text(1);
    task.status = find_named<TaskStatus>(row.text(2)).value_or(TaskStatus::kFailed);
    if (!row.is_null(3)) task.progress = static_cast<int>(row.integer(3));
    columns.read(4, "input of a task", task.input);
    columns.read(5, "options of a task", task.options);
    columns.read(6, "output of a task", task.output);
    columns.read(7, "error of a task", task.error);
    task.created_at = row.integer(8);
    task.started_at = row.optional_integer(9);
    task.finished_at = row.optional_integer(10);
    task.updated_at = row.integer(11);
    if (broken.empty()) broken = columns.broken();
    return task;
}

Values row_of(const Task& task, const std::string& job_id, std::size_t position) {
    return {
        task.id,
        job_id,
        static_cast<std::int64_t>(position),
        task.kind,
        std::string(name_of(task.status)),
        value_of(task.progress),
        json_or_null(task.input),
        compact_json(task.options),
        json_or_null(task.output),
        json_or_null(task.error),
        task.created_at,
        value_of(task.started_at),
        value_of(task.finished_at),
        task.updated_at,
    };
}

Result<void> write_task(Session& session, const Values& row) {
    TRY(session.run_along(
        "INSERT INTO tasks (id, job_id, position, kind, status, progress, input, options, output, "
        "error, created_at, started_at, finished_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, "
        "$7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO UPDATE SET "
        "status = excluded.status, progress = excluded.progress, input = excluded.input, "
        "options = excluded.options, output = excluded.output, error = excluded.error, "
        "started_at = excluded.started_at, finished_at = excluded.finished_at, "
        "updated_at = excluded.updated_at",
        row
    ));
    return {};
}

/// The options of each output as they were sent lie beside the order: one object, or a list.
json::value sent_options(const Order& order) {
    if (order.kind != kMultiKind) return order.outputs.front().sent;
    json::array list;
    for (const auto& output : order.outputs) list.push_back(output.sent);
    return list;
}

/// The managed files that it reads: its input, and what options name beside it.
std::set<std::string> files_read_by(const JobRecord& record) {
    std::set<std::string> files;
    const auto note = [&](std::string_view url) {
        if (auto file = file_named_by(url)) files.insert(*std::move(file));
    };
    note(record.job.input);
    for (const auto& output : record.order.outputs)
        for (const auto& further : further_inputs(output.operation())) note(further.url);
    return files;
}

/// Puts them back. An order that could not be read is as one of the job's kind with no options.
void complete(JobRecord& record, const Row& row, json::value sent) {
    auto& [kind, input, outputs, connection, metadata, webhook_url, priority] = record.order;
    if (outputs.empty()) {
        kind = record.job.kind;
        input = {ExternalFile{.url = record.job.input}};
        webhook_url = row.optional_text(8);
        std::vector<OptionProblem> unused;
        outputs.emplace_back().work = read_work(kind, json::object(), unused);
    }
    if (sent.is_object()) sent = json::array{std::move(sent)};
    if (!sent.is_array()) return;
    for (std::size_t i = 0; i < std::min(outputs.size(), sent.get_array().size()); ++i) {
        if (auto* options = sent.get_array()[i].if_object()) outputs[i].sent = std::move(*options);
    }
    if (record.job.kind != kMultiKind) record.job.options = outputs.front().sent;
}

JobRecord job_from(const Row& row) {
    JobRecord record;
    Columns columns(row);
    Job& job = record.job;
    job.id = row.text(0);
    record.is_task = row.integer(1) != 0;
    job.kind = row.text(2);
    job.status = find_named<JobStatus>(row.text(3)).value_or(JobStatus::kFailed);
    job.input = row.text(4);
    json::value sent;
    columns.read(5, "options", sent);
    columns.read(6, "metadata", job.metadata);
    columns.read(7, "request", record.order);
    complete(record, row, std::move(sent));
    job.output = row.optional_text(9);
    columns.read(10, "error", job.error);
    columns.read(11, "list of warnings", job.warnings);
    record.revision = row.integer(12);
    record.attempt = row.integer(13);
    job.created_at = row.integer(14);
    job.started_at = row.optional_integer(15);
    job.finished_at = row.optional_integer(16);
    job.updated_at = row.integer(17);
    record.uncounted = row.integer(18);
    record.base_url = row.text(19);
    record.broken = columns.broken();
    return record;
}

Result<void> load_tasks(Session& session, JobRecord& record) {
    static const std::string kSql =
        fmt::format("SELECT {} FROM tasks WHERE job_id = $1 ORDER BY position", kTaskColumns);
    Job& job = record.job;
    for (const auto& row : TRY(session.run(kSql, {job.id}))) {
        job.tasks.push_back(task_from(row, record.broken));
        if (record.is_task) job.tasks.back().metadata = job.metadata;
    }
    if (job.tasks.empty()) job.tasks = waiting_tasks(record.order, job.id, job.created_at);
    show_outputs(job, record.order);
    return {};
}

}  // namespace

Result<std::optional<JobRecord>> load_job(Session& session, const std::string& id) {
    static const std::string kSql = fmt::format("SELECT {} FROM jobs WHERE id = $1", kJobColumns);
    std::optional<JobRecord> record;
    const auto rows = TRY(session.run(kSql, {id}));
    if (rows.empty()) return record;
    record = job_from(rows.front());
    TRY(load_tasks(session, *record));
    if (!record->broken.empty()) {
        record->job.warnings.push_back(fmt::format(
            "the database holds a broken {} of this job: it is left out", record->broken
        ));
    }
    return record;
}

Result<std::optional<TaskRow>> load_task_row(Session& session, const std::string& id) {
    static const std::string kSql =
        fmt::format("SELECT {}, job_id FROM tasks WHERE id = $1", kTaskColumns);
    std::optional<TaskRow> found;
    const auto rows = TRY(session.run(kSql, {id}));
    std::string broken;
    if (!rows.empty()) found = {task_from(rows.front(), broken), rows.front().text(12)};
    return found;
}

void announce_state(Session& session, const std::string& job_id) {
    session.announce(topic::job(job_id));
}

NewRows rows_of(const JobRecord& record) {
    const Job& job = record.job;
    NewRows rows;
    rows.is_light = is_light(record.order);
    rows.job = {
        job.id,
        std::int64_t{record.is_task},
        job.kind,
        job.input,
        compact_json(sent_options(record.order)),
        compact_json(job.metadata),
        json_text(record.order),
        value_of(record.order.webhook_url),
        record.base_url,
        job.created_at,
        std::int64_t{record.order.priority},
        record.key_id,
        std::int64_t{rows.is_light},
    };
    for (const auto& file : files_read_by(record)) rows.files.push_back({file, job.created_at});
    for (std::size_t i = 0; record.is_task && i < job.tasks.size(); ++i) {
        rows.tasks.push_back(row_of(job.tasks[i], job.id, i));
    }
    for (auto& label : labels_of(job.metadata)) {
        rows.labels.push_back({job.id, std::move(label.name), std::move(label.value)});
    }
    return rows;
}

Result<void> insert_job(Session& session, const NewRows& rows) {
    TRY(session.run_along(
        "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
        "webhook_url, base_url, revision, attempt, uncounted, available_at, created_at, "
        "updated_at, priority, key_id, is_light) VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, "
        "$9, 1, 0, 0, $10, $10, $10, $11, $12, $13)",
        rows.job
    ));
    for (const auto& task : rows.tasks) TRY(write_task(session, task));
    for (const auto& label : rows.labels) {
        TRY(session.run_along("INSERT INTO labels (job_id, name, value) VALUES ($1, $2, $3)", label)
        );
    }
    for (const auto& file : rows.files) {
        TRY(session.run_along(
            "INSERT INTO job_files (job_id, file_id) VALUES ($1, $2)",
            {rows.job.front(), file.front()}
        ));
        // Whoever finds at this moment that nobody uses it looks at this again.
        TRY(session.run_along("UPDATE files SET used_at = $2 WHERE id = $1 AND used_at < $2", file)
        );
    }
    announce_waiting(session, rows.is_light);
    announce_state(session, std::get<std::string>(rows.job.front()));
    return {};
}

void announce_waiting(Session& session, bool is_light) {
    session.announce(topic::kQueue);
    if (is_light) session.announce(topic::kLight);
}

Result<void> write_tasks(Session& session, const std::string& job_id, std::span<const Task> tasks) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        TRY(write_task(session, row_of(tasks[i], job_id, i)));
    }
    return {};
}

Result<void> update_task(Session& session, const Task& task) {
    TRY(session.run_along(
        "UPDATE tasks SET status = $2, progress = $3, input = $4, options = $5, output = $6, "
        "error = $7, started_at = $8, finished_at = $9, updated_at = $10 WHERE id = $1",
        {task.id, std::string(name_of(task.status)), value_of(task.progress),
         json_or_null(task.input), compact_json(task.options), json_or_null(task.output),
         json_or_null(task.error), value_of(task.started_at), value_of(task.finished_at),
         task.updated_at}
    ));
    return {};
}

Result<void> delete_job(Session& session, const std::string& id) {
    TRY(session.run_along(
        "DELETE FROM parts WHERE task_id IN (SELECT id FROM tasks WHERE job_id = $1)", {id}
    ));
    TRY(session.run_along("DELETE FROM tasks WHERE job_id = $1", {id}));
    TRY(session.run_along("DELETE FROM labels WHERE job_id = $1", {id}));
    TRY(session.run_along("DELETE FROM leases WHERE job_id = $1", {id}));
    TRY(session.run_along("DELETE FROM job_files WHERE job_id = $1", {id}));
    TRY(session.run_along("DELETE FROM jobs WHERE id = $1", {id}));
    announce_state(session, id);
    return {};
}

std::optional<std::string> file_named_by(std::string_view url) {
    constexpr std::string_view kFolder = "/files/";
    constexpr std::size_t kIdLength = 32;
    const auto start = url.find(kFolder);
    if (start == std::string_view::npos) return std::nullopt;
    const auto id = url.substr(start + kFolder.size(), kIdLength);
    const bool is_id = id.size() == kIdLength &&
                       id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return is_id ? std::optional(std::string(id)) : std::nullopt;
}

FileRecord file_from(const Row& row) {
    return {
        row.text(0),         row.optional_text(1), row.text(2),    row.text(3),
        row.integer(4) != 0, row.integer(5),       row.integer(6), row.optional_integer(7),
    };
}

std::vector<Label> labels_of(const json::object& metadata) {
    constexpr std::size_t kMost = 16;
    constexpr std::size_t kLongest = 255;
    std::vector<Label> labels;
    for (const auto& member : metadata) {
        const auto& value = member.value();
        if (labels.size() == kMost) break;
        if (!value.is_string() && !value.is_number() && !value.is_bool()) continue;
        Label label{std::string(member.key()), ""};
        label.value = value.is_string() ? std::string(value.get_string()) : compact_json(value);
        if (label.name.size() <= kLongest && label.value.size() <= kLongest) {
            labels.push_back(std::move(label));
        }
    }
    return labels;
}

json::object announcement(const JobRecord& record) {
    const auto status = name_of(record.job.status);
    const std::string_view object = record.is_task ? "task" : "job";
    auto body = record.is_task ? to_json(record.job.tasks.at(0)) : to_json(record.job);
    body.get_object()["type"] = fmt::format("{}.{}", object, status);
    return std::move(body.get_object());
}

Result<bool> end_job(Session& session, const JobRecord& record, UnixMillis now) {
    const Job& job = record.job;
    const auto hit = TRY(session.run(
        "UPDATE jobs SET status = $2, output = $3, error = $4, warnings = $5, finished_at = $6, "
        "updated_at = $6, error_kind = $7, revision = revision + 1 "
        "WHERE id = $1 AND status IN ('queued', 'processing') AND attempt = $8 RETURNING id",
        {job.id, std::string(name_of(job.status)), value_of(job.output), json_or_null(job.error),
         json_text(job.warnings), now,
         job.error ? Value(std::string(name_of(job.error->kind))) : Value(nullptr), record.attempt}
    ));
    if (hit.empty()) return false;
    announce_state(session, job.id);
    TRY(session.run_along("DELETE FROM leases WHERE job_id = $1", {job.id}));
    TRY(session.run_along("DELETE FROM job_files WHERE job_id = $1", {job.id}));
    const auto splits =
        TRY(session.run("DELETE FROM splits WHERE job_id = $1 RETURNING task_id", {job.id}));
    if (!splits.empty()) TRY(forget_segments(session, "job_id", job.id));
    TRY(write_tasks(session, job.id, job.tasks));
    if (!record.order.webhook_url) return true;
    const auto body = announcement(record);
    TRY(session.run_along(
        "INSERT INTO deliveries (id, job_id, type, url, receiver, body, status, attempts, next_at, "
        "lease_until, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, 0, "
        "$7, $7)",
        {make_id("msg", now), job.id, string_at(body, "type"), *record.order.webhook_url,
         receiver_of(*record.order.webhook_url), compact_json(body), now}
    ));
    session.announce(topic::kOutbox);
    return true;
}

}  // namespace ittybit::store
