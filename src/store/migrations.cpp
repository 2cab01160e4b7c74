#include "store/migrations.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"

namespace ittybit::store {
namespace {

/// Statements, and then what SQL alone cannot do.
struct Step {
    std::vector<std::string_view> statements;
    Result<void> (*change)(Session&) = nullptr;
};

/// A row of the table of tasks that was, as the API shows a task.
Result<json::value> task_of(const Row& row) {
    constexpr std::array<std::string_view, 12> kNames = {
        "id",     "kind",  "status",     "progress",   "input",       "options",
        "output", "error", "created_at", "started_at", "finished_at", "updated_at",
    };
    json::object task{{"object", "task"}};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const auto name = kNames.at(i);
        if (row.is_null(i)) continue;
        if (i < 3) {
            task[name] = row.text(i);
        } else if (i == 3 || i > 7) {
            task[name] = row.integer(i);
        } else {
            auto value = parse_json(row.text(i));
            if (!value) {
                return std::move(value).error().in(
                    fmt::format("{} of {} in the database", name, row.text(0))
                );
            }
            task[name] = *std::move(value);
        }
    }
    return json::value(std::move(task));
}

/// The tasks of each job move into its row.
Result<void> move_tasks(Session& session) {
    for (const auto& job : TRY(session.run("SELECT id FROM jobs"))) {
        const auto& id = job.text(0);
        json::array tasks;
        const auto rows = TRY(session.run(
            "SELECT id, kind, status, progress, input, options, output, error, created_at, "
            "started_at, finished_at, updated_at FROM tasks WHERE job_id = $1 ORDER BY position",
            {id}
        ));
        for (const auto& row : rows) tasks.push_back(TRY(task_of(row)));
        TRY(session.run("UPDATE jobs SET tasks = $2 WHERE id = $1", {id, compact_json(tasks)}));
    }
    TRY(session.run("DROP TABLE tasks"));
    return {};
}

/// Never edit a step that was released: add one.
const std::vector<Step>& steps() {
    static const std::vector<Step> all = {
        Step{{
            // Jobs and tasks. A standalone task is a job with is_task = 1 and one task.
            R"(CREATE TABLE jobs (
                id TEXT PRIMARY KEY,
                is_task BIGINT NOT NULL,
                kind TEXT NOT NULL,
                status TEXT NOT NULL,
                input TEXT NOT NULL,
                options TEXT NOT NULL,
                metadata TEXT NOT NULL,
                request TEXT NOT NULL,
                webhook_url TEXT,
                output TEXT,
                error TEXT,
                warnings TEXT,
                revision BIGINT NOT NULL,
                attempt BIGINT NOT NULL,
                worker TEXT,
                lease_until BIGINT,
                available_at BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                started_at BIGINT,
                finished_at BIGINT,
                updated_at BIGINT NOT NULL))",
            "CREATE INDEX jobs_queued ON jobs (id) WHERE status = 'queued'",
            "CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'processing'",
            "CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL",
            R"(CREATE TABLE tasks (
                id TEXT PRIMARY KEY,
                job_id TEXT NOT NULL,
                position BIGINT NOT NULL,
                kind TEXT NOT NULL,
                status TEXT NOT NULL,
                progress BIGINT,
                input TEXT,
                options TEXT,
                output TEXT,
                error TEXT,
                created_at BIGINT NOT NULL,
                started_at BIGINT,
                finished_at BIGINT,
                updated_at BIGINT NOT NULL))",
            "CREATE INDEX tasks_of_job ON tasks (job_id, position)",
            R"(CREATE TABLE idempotency (
                route TEXT NOT NULL,
                key TEXT NOT NULL,
                fingerprint TEXT NOT NULL,
                location TEXT,
                body TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (route, key)))",
            "CREATE INDEX idempotency_age ON idempotency (created_at)",
            R"(CREATE TABLE api_keys (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                hash TEXT NOT NULL UNIQUE,
                hint TEXT NOT NULL,
                created_at BIGINT NOT NULL))",
        }},
        Step{{
            // Bytes we keep: outputs, uploads and imports, and the files of many-part outputs.
            R"(CREATE TABLE files (
                id TEXT PRIMARY KEY,
                job_id TEXT,
                role TEXT NOT NULL,
                name TEXT NOT NULL,
                is_ready BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                used_at BIGINT NOT NULL))",
            "CREATE INDEX files_of_job ON files (job_id)",
            R"(CREATE TABLE parts (
                task_id TEXT NOT NULL,
                name TEXT NOT NULL,
                size BIGINT NOT NULL,
                PRIMARY KEY (task_id, name)))",
            R"(CREATE TABLE connections (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                settings TEXT NOT NULL,
                secret TEXT NOT NULL,
                is_default BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL))",
        }},
        Step{{
            // Webhooks: the outbox, and what each try of a delivery came to.
            R"(CREATE TABLE deliveries (
                id TEXT PRIMARY KEY,
                job_id TEXT NOT NULL,
                type TEXT NOT NULL,
                url TEXT NOT NULL,
                body TEXT NOT NULL,
                status TEXT NOT NULL,
                attempts BIGINT NOT NULL,
                next_at BIGINT,
                lease_until BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL))",
            "CREATE INDEX deliveries_due ON deliveries (next_at) WHERE status = 'pending'",
            "CREATE INDEX deliveries_of_job ON deliveries (job_id)",
            R"(CREATE TABLE delivery_attempts (
                delivery_id TEXT NOT NULL,
                number BIGINT NOT NULL,
                at BIGINT NOT NULL,
                status BIGINT,
                error TEXT,
                duration_ms BIGINT NOT NULL,
                PRIMARY KEY (delivery_id, number)))",
        }},
        // When the next job may be taken, however many wait for a later time.
        Step{{"CREATE INDEX jobs_available ON jobs (available_at) WHERE status = 'queued'"}},
        Step{{
            // Multipart uploads under way: whoever begins one may not live to end it.
            R"(CREATE TABLE open_uploads (
                receipt TEXT NOT NULL,
                job_id TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                connection TEXT NOT NULL,
                bucket TEXT NOT NULL,
                created_at BIGINT NOT NULL))",
            "CREATE INDEX open_uploads_of_job ON open_uploads (job_id, attempt)",
        }},
        // A job and its tasks are one row: JSON, as the API shows them. Null: they follow from it.
        Step{{"ALTER TABLE jobs ADD COLUMN tasks TEXT"}, move_tasks},
    };
    return all;
}

Result<int> current_schema(Session& session) {
    TRY(session.run("CREATE TABLE IF NOT EXISTS schema (version BIGINT NOT NULL)"));
    const auto rows = TRY(session.run("SELECT max(version) FROM schema"));
    return static_cast<int>(rows.front().integer(0));
}

Result<void> apply_next(Session& session, int target, bool& is_done) {
    const int current = TRY(current_schema(session));
    if (current > newest_schema()) {
        return Error{
            ErrorKind::kUnavailable,
            fmt::format(
                "the database has schema {} and this ittybit knows {}: use the newer ittybit that "
                "wrote it",
                current, newest_schema()
            ),
            "database"
        };
    }
    is_done = current >= target;
    if (is_done) return {};
    const auto& step = steps().at(static_cast<std::size_t>(current));
    for (const auto statement : step.statements) TRY(session.run(statement));
    if (step.change != nullptr) TRY(step.change(session));
    TRY(session.run("INSERT INTO schema (version) VALUES ($1)", {std::int64_t{current + 1}}));
    return {};
}

}  // namespace

int newest_schema() {
    return static_cast<int>(steps().size());
}

Result<void> migrate(Database& database, int target) {
    bool is_done = false;
    while (!is_done) {
        TRY(database.write([&](Session& session) { return apply_next(session, target, is_done); }));
    }
    return {};
}

}  // namespace ittybit::store
