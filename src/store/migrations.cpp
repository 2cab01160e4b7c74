#include "store/migrations.h"

#include <vector>

#include <fmt/format.h>

#include "store/migration_bites.h"

namespace ittybit::store {
namespace {

/// Statements, and what SQL alone cannot do: that in bites, a transaction each, where there are no
/// statements, until one was the last.
struct Step {
    std::vector<std::string_view> statements;
    Result<bool> (*bite)(Session&) = nullptr;  // whether it was the last
};

/// Never edit a step that was released: add one.
const std::vector<Step>& steps() {
    static const std::vector<Step> kAll = {
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
        Step{{"ALTER TABLE jobs ADD COLUMN tasks TEXT"}, gather_tasks},
        Step{{
            // Tasks have rows again, from the first claim on; leases are narrow rows of their own.
            // (jobs.tasks, jobs.worker and jobs.lease_until are used no more.)
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
            R"(CREATE TABLE leases (
                job_id TEXT PRIMARY KEY,
                worker TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                beat BIGINT NOT NULL))",
            // What jobs are found by.
            R"(CREATE TABLE labels (
                job_id TEXT NOT NULL,
                name TEXT NOT NULL,
                value TEXT NOT NULL,
                PRIMARY KEY (job_id, name)))",
            "CREATE INDEX labels_by_value ON labels (name, value, job_id)",
            "ALTER TABLE jobs ADD COLUMN uncounted BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE jobs ADD COLUMN input_file TEXT",
            "ALTER TABLE jobs ADD COLUMN error_kind TEXT",
            "ALTER TABLE jobs ADD COLUMN base_url TEXT",
            "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        }},
        Step{{}, scatter_jobs},
        Step{{
            "DROP INDEX jobs_leased",
            "CREATE INDEX jobs_by_state ON jobs (is_task, kind, status, id)",
            "CREATE INDEX jobs_by_input ON jobs (input, id)",
            "CREATE INDEX jobs_by_error ON jobs (error_kind, id) WHERE error_kind IS NOT NULL",
            "CREATE INDEX jobs_by_file ON jobs (input_file) WHERE input_file IS NOT NULL AND "
            "finished_at IS NULL",
            "CREATE INDEX files_by_use ON files (role, used_at)",
            "CREATE INDEX files_by_age ON files (role, is_ready, created_at)",
            "DROP INDEX deliveries_due",
            "CREATE INDEX deliveries_due ON deliveries ((CASE WHEN lease_until > next_at THEN "
            "lease_until ELSE next_at END)) WHERE status = 'pending'",
            "DROP INDEX deliveries_of_job",
            "CREATE INDEX deliveries_of_job ON deliveries (job_id, id)",
            "CREATE INDEX deliveries_noted ON deliveries (updated_at) WHERE status = 'pending'",
            "CREATE INDEX deliveries_done ON deliveries (updated_at) WHERE status <> 'pending'",
            "CREATE INDEX open_uploads_by_age ON open_uploads (created_at)",
            "CREATE INDEX open_uploads_by_receipt ON open_uploads (receipt)",
        }},
        Step{{
            // Deliveries have a bound for each receiver.
            "ALTER TABLE deliveries ADD COLUMN receiver TEXT NOT NULL DEFAULT ''",
            "CREATE INDEX deliveries_of_receiver ON deliveries (receiver, (CASE WHEN lease_until > "
            "next_at THEN lease_until ELSE next_at END)) WHERE status = 'pending'",
        }},
        Step{{}, name_receivers},
        Step{{}, write_orders},
        // Higher first among what waits.
        Step{{
            "ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0",
            "CREATE INDEX jobs_in_turn ON jobs (priority DESC, id) WHERE status = 'queued'",
        }},
        // The id as an expression: by the bare one PostgreSQL would walk through the primary key,
        // and look at each job whether it fits.
        Step{{
            "DROP INDEX jobs_by_state",
            "CREATE INDEX jobs_by_state ON jobs (is_task, kind, status, (id || ''))",
        }},
        // PostgreSQL's indexes hold no long texts.
        Step{{
            "DROP INDEX jobs_by_input",
            "CREATE INDEX jobs_by_input ON jobs (substr(input, 1, 200), id)",
        }},
        // Keys share the slots: whose jobs wait, who is at work, and whose turn was when.
        Step{{
            "ALTER TABLE jobs ADD COLUMN key_id TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE leases ADD COLUMN key_id TEXT NOT NULL DEFAULT ''",
            "CREATE TABLE turns (key_id TEXT PRIMARY KEY, served BIGINT NOT NULL)",
            "DROP INDEX jobs_in_turn",
            "CREATE INDEX jobs_in_turn ON jobs (key_id, priority DESC, id) WHERE status = "
            "'queued'",
        }},
        // What a key may do, for how long and how much.
        Step{{
            "ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT 'admin'",
            "ALTER TABLE api_keys ADD COLUMN expires_at BIGINT",
            "ALTER TABLE api_keys ADD COLUMN rate_limit BIGINT",
            "ALTER TABLE api_keys ADD COLUMN max_running BIGINT",
            "ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT",
        }},
        Step{{
            // Permissions for one upload each.
            R"(CREATE TABLE upload_tokens (
                hash TEXT PRIMARY KEY,
                key_id TEXT NOT NULL,
                max_bytes BIGINT NOT NULL,
                expires_at BIGINT NOT NULL))",
            "CREATE INDEX upload_tokens_by_age ON upload_tokens (expires_at)",
            "CREATE INDEX upload_tokens_of_key ON upload_tokens (key_id)",
        }},
        Step{{
            // The managed files that jobs which are not final read, in place of jobs.input_file.
            R"(CREATE TABLE job_files (
                job_id TEXT NOT NULL,
                file_id TEXT NOT NULL,
                PRIMARY KEY (job_id, file_id)))",
            "CREATE INDEX job_files_by_file ON job_files (file_id)",
            "INSERT INTO job_files SELECT id, input_file FROM jobs WHERE input_file IS NOT NULL "
            "AND finished_at IS NULL",
            "DROP INDEX jobs_by_file",
        }},
        Step{{
            // Files are listed by age, with their sizes.
            "ALTER TABLE files ADD COLUMN size BIGINT",
            "DROP INDEX files_of_job",
            "CREATE INDEX files_of_job ON files (job_id) WHERE job_id IS NOT NULL",
            "DROP INDEX files_by_age",
            "CREATE INDEX files_by_age ON files (role, is_ready, created_at, id)",
        }},
        Step{{
            // Uploads that come in several requests, and the pieces of them that are there.
            R"(CREATE TABLE resumable_uploads (
                file_id TEXT PRIMARY KEY,
                length BIGINT NOT NULL,
                metadata TEXT NOT NULL))",
            R"(CREATE TABLE upload_pieces (
                file_id TEXT NOT NULL,
                at BIGINT NOT NULL,
                size BIGINT NOT NULL,
                key TEXT NOT NULL,
                PRIMARY KEY (file_id, at)))",
            "ALTER TABLE upload_tokens ADD COLUMN file_id TEXT",
        }},
        Step{{
            // Encodes that many share: what the pieces of each have in common, and the pieces.
            "CREATE TABLE splits (task_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, work TEXT NOT "
            "NULL)",
            "CREATE INDEX splits_of_job ON splits (job_id)",
            R"(CREATE TABLE segments (
                id TEXT PRIMARY KEY,
                task_id TEXT NOT NULL,
                number BIGINT NOT NULL,
                job_id TEXT NOT NULL,
                priority BIGINT NOT NULL,
                build TEXT NOT NULL,
                state TEXT NOT NULL,
                worker TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                beat BIGINT NOT NULL,
                failures BIGINT NOT NULL,
                percent BIGINT NOT NULL,
                file TEXT NOT NULL,
                result TEXT NOT NULL))",
            "CREATE INDEX segments_of_task ON segments (task_id, number)",
            "CREATE INDEX segments_of_job ON segments (job_id)",
            "CREATE INDEX segments_waiting ON segments (build, priority DESC, task_id, number) "
            "WHERE state = 'waiting'",
            "CREATE INDEX segments_held ON segments (id) WHERE state = 'processing'",
            // Who is there to take them.
            "CREATE TABLE workers (worker TEXT PRIMARY KEY, seen_at BIGINT NOT NULL)",
        }},
        // Until when somebody is putting the pieces of an upload together.
        Step{{"ALTER TABLE resumable_uploads ADD COLUMN joined_until BIGINT NOT NULL DEFAULT 0"}},
        // Whose orders hold a key that is sealed.
        Step{{"CREATE INDEX jobs_sealed ON jobs (id) WHERE request LIKE '%\"sealed_key\":\"%'"}},
        // What is light has slots of its own.
        Step{{
            "ALTER TABLE jobs ADD COLUMN is_light BIGINT NOT NULL DEFAULT 0",
            "CREATE INDEX jobs_light_in_turn ON jobs (key_id, priority DESC, id) WHERE status = "
            "'queued' AND is_light = 1",
        }},
        // Webhooks are listed. The status as an expression: what is due next is not to be sought
        // here.
        Step{{"CREATE INDEX deliveries_by_status ON deliveries ((status || ''), id)"}},
    };
    return kAll;
}

/// A statement of the steps in the words of this database.
std::string translated(std::string_view statement, const Dialect& dialect) {
    constexpr std::string_view kText = " TEXT";
    std::string out;
    for (auto at = statement.find(kText); at != statement.npos; at = statement.find(kText)) {
        out.append(statement.substr(0, at)).append(" ").append(dialect.text);
        statement.remove_prefix(at + kText.size());
    }
    return out.append(statement);
}

Result<int> current_schema(Session& session) {
    TRY(session.run("CREATE TABLE IF NOT EXISTS schema (version BIGINT NOT NULL)"));
    const auto rows = TRY(session.run("SELECT max(version) FROM schema"));
    return static_cast<int>(rows.front().integer(0));
}

Result<void> apply_next(Session& session, const Dialect& dialect, int target, bool& is_done) {
    if (!dialect.migrate_alone.empty()) TRY(session.run(dialect.migrate_alone));
    const int current = TRY(current_schema(session));
    if (current > newest_schema()) return too_new(current);
    is_done = current >= target;
    if (is_done) return {};
    const auto& step = steps().at(static_cast<std::size_t>(current));
    for (const auto statement : step.statements) TRY(session.run(translated(statement, dialect)));
    if (step.bite != nullptr && !TRY(step.bite(session))) return {};
    TRY(session.run("INSERT INTO schema (version) VALUES ($1)", {std::int64_t{current + 1}}));
    return {};
}

}  // namespace

int newest_schema() {
    return static_cast<int>(steps().size());
}

Error too_new(std::int64_t schema) {
    return {
        ErrorKind::kUnavailable,
        fmt::format(
            "the database has schema {} and this ittybit knows {}: use the newer ittybit that "
            "wrote it",
            schema, newest_schema()
        ),
        "database"
    };
}

Result<void> migrate(Database& database, int target) {
    bool is_done = false;
    while (!is_done) {
        TRY(database.write([&](Session& session) {
            return apply_next(session, database.dialect(), target, is_done);
        }));
    }
    return {};
}

}  // namespace ittybit::store
