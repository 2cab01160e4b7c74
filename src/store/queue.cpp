// The queue side of JobStore: what workers and the janitor call.

#include <utility>

#include <fmt/format.h>

#include "store/job_store.h"
#include "store/rows.h"

namespace ittybit::store {
namespace {

/// Every write of a worker begins with this guard in its WHERE clause.
constexpr std::string_view kHeld =
    "id = $1 AND status = 'processing' AND worker = $2 AND attempt = $3";

Values held(const Claim& claim, std::initializer_list<Value> more = {}) {
    Values values{claim.job_id, claim.worker, claim.attempt};
    values.insert(values.end(), more.begin(), more.end());
    return values;
}

/// A task that was being worked on waits again; what it had reached stays, so that progress does
/// not go back.
void rest_tasks(Job& job, UnixMillis now) {
    for (auto& task : job.tasks) {
        if (task.status != TaskStatus::kProcessing) continue;
        task.status = TaskStatus::kWaiting;
        task.updated_at = now;
    }
}

/// The task that a lost worker was most likely killed by.
std::string task_at_fault(const Job& job) {
    std::string first;
    for (const auto& task : job.tasks) {
        if (task.status == TaskStatus::kProcessing && task.kind == job.kind) return task.kind;
        if (!is_final(task.status) && first.empty()) first = task.kind;
    }
    return first.empty() ? job.tasks.front().kind : first;
}

Result<void> take_back(
    Session& session, const std::string& id, std::int64_t attempt, UnixMillis now
) {
    auto record = TRY(load_job(session, id));
    if (!record) return {};
    if (attempt >= JobStore::kMostAttempts) {
        const Error error{
            ErrorKind::kTaskCrashed,
            fmt::format(
                "the work was cut off {} times and is given up: try it again later", attempt
            ),
            ""
        };
        fail(record->job, task_at_fault(record->job), error, now);
        return end_job(session, *record, now);
    }
    rest_tasks(record->job, now);
    TRY(session.run(
        "UPDATE jobs SET status = 'queued', worker = NULL, lease_until = NULL, available_at = $2, "
        "updated_at = $2, tasks = $3, revision = revision + 1 WHERE id = $1 AND "
        "status = 'processing'",
        {id, now, tasks_value(record->job.tasks)}
    ));
    return {};
}

}  // namespace

Result<std::optional<JobStore::Claimed>> JobStore::claim(
    const std::string& worker, UnixMillis lease_until, UnixMillis now
) {
    const std::string sql = fmt::format(
        "UPDATE jobs SET status = 'processing', worker = $1, lease_until = $2, "
        "attempt = attempt + 1, started_at = COALESCE(started_at, $3), updated_at = $3, "
        "revision = revision + 1 WHERE status = 'queued' AND id = (SELECT id FROM jobs WHERE "
        "status = 'queued' AND +available_at <= $3 ORDER BY id LIMIT 1{}) RETURNING id, attempt",
        database_.skip_locked()  // the plus: walk the queue in order, rather than sort what is due
    );
    return writing(database_, [&](Session& session) -> Result<std::optional<Claimed>> {
        std::optional<Claimed> claimed;
        const auto rows = TRY(session.run(sql, {worker, lease_until, now}));
        if (rows.empty()) return claimed;
        Claim claim{rows.front().text(0), worker, rows.front().integer(1)};
        auto record = TRY(load_job(session, claim.job_id));
        if (record) claimed = Claimed{std::move(claim), std::move(*record)};
        return claimed;
    });
}

Result<bool> JobStore::heartbeat(
    const Claim& claim,
    const std::vector<Task>& tasks,
    bool is_new_state,
    UnixMillis lease_until,
    UnixMillis now
) {
    static const std::string kSql = fmt::format(
        "UPDATE jobs SET lease_until = $4, updated_at = $5, revision = revision + $6, tasks = $7 "
        "WHERE {} RETURNING id",
        kHeld
    );
    const auto values =
        held(claim, {lease_until, now, std::int64_t{is_new_state}, tasks_value(tasks)});
    return writing(database_, [&](Session& session) -> Result<bool> {
        bool is_ours = false;
        is_ours = !TRY(session.run(kSql, values)).empty();
        return is_ours;
    });
}

Result<bool> JobStore::is_held(const Claim& claim) {
    static const std::string kSql = fmt::format("SELECT 1 FROM jobs WHERE {}", kHeld);
    return reading(database_, [&](Session& session) -> Result<bool> {
        bool is_ours = false;
        is_ours = !TRY(session.run(kSql, held(claim))).empty();
        return is_ours;
    });
}

Result<bool> JobStore::finish(const Claim& claim, const Outcome& outcome, UnixMillis now) {
    // The guard is a statement of its own; end_job then leaves the state it proved.
    static const std::string kSql =
        fmt::format("UPDATE jobs SET lease_until = $4 WHERE {} RETURNING id", kHeld);
    return writing(database_, [&](Session& session) -> Result<bool> {
        bool is_ours = false;
        is_ours = !TRY(session.run(kSql, held(claim, {now}))).empty();
        if (!is_ours) return is_ours;
        for (const auto& file : outcome.files) {
            TRY(session.run(
                "UPDATE files SET is_ready = 1, used_at = $2 WHERE id = $1", {file, now}
            ));
        }
        for (const auto& part : outcome.parts) {
            TRY(session.run(
                "INSERT INTO parts (task_id, name, size) VALUES ($1, $2, $3) ON CONFLICT DO "
                "NOTHING",
                {outcome.parts_task, part.name, part.size}
            ));
        }
        TRY(end_job(session, outcome.record, now));
        return is_ours;
    });
}

Result<bool> JobStore::give_back(
    const Claim& claim, UnixMillis available_at, bool counts_attempt, UnixMillis now
) {
    static const std::string kSql = fmt::format(
        "UPDATE jobs SET status = 'queued', worker = NULL, lease_until = NULL, available_at = $4, "
        "attempt = attempt - $5, updated_at = $6, tasks = $7, revision = revision + 1 WHERE {} "
        "RETURNING id",
        kHeld
    );
    return writing(database_, [&](Session& session) -> Result<bool> {
        bool is_ours = false;
        auto record = TRY(load_job(session, claim.job_id));
        if (!record) return is_ours;
        rest_tasks(record->job, now);
        const std::int64_t uncounted = counts_attempt ? 0 : 1;
        is_ours =
            !TRY(session.run(
                     kSql,
                     held(claim, {available_at, uncounted, now, tasks_value(record->job.tasks)})
                 ))
                 .empty();
        return is_ours;
    });
}

Result<int> JobStore::recover(const std::string& worker, UnixMillis now) {
    constexpr std::string_view kSql =
        "SELECT id, attempt FROM jobs WHERE status = 'processing' AND (lease_until < $1 OR "
        "worker = $2)";
    // A look first: a write that changes nothing would still wake everybody.
    const auto found =
        TRY(reading(database_, [&](Session& session) { return session.run(kSql, {now, worker}); }));
    if (found.empty()) return 0;
    return writing(database_, [&](Session& session) -> Result<int> {
        int count = 0;
        for (const auto& row : TRY(session.run(kSql, {now, worker}))) {
            TRY(take_back(session, row.text(0), row.integer(1), now));
            ++count;
        }
        return count;
    });
}

Result<std::optional<UnixMillis>> JobStore::next_available() {
    return reading(database_, [&](Session& session) -> Result<std::optional<UnixMillis>> {
        std::optional<UnixMillis> next;
        const auto rows =
            TRY(session.run("SELECT min(available_at) FROM jobs WHERE status = 'queued'"));
        next = rows.front().optional_integer(0);
        return next;
    });
}

Result<JobStore::Counts> JobStore::counts() {
    return reading(database_, [&](Session& session) -> Result<Counts> {
        Counts counts;
        const auto queued = TRY(session.run(
            "SELECT count(*), (SELECT created_at FROM jobs WHERE status = 'queued' ORDER BY id "
            "LIMIT 1) FROM jobs WHERE status = 'queued'"
        ));
        counts.queued = queued.front().integer(0);
        counts.oldest_queued = queued.front().optional_integer(1);
        const auto processing =
            TRY(session.run("SELECT count(*) FROM jobs WHERE status = 'processing'"));
        counts.processing = processing.front().integer(0);
        return counts;
    });
}

Result<int> JobStore::forget(UnixMillis keys, UnixMillis jobs) {
    // A bounded bite at a time, so that nobody waits long for the writer.
    constexpr std::int64_t kBite = 500;
    static const std::string kOldSql = fmt::format(
        "SELECT {} FROM jobs WHERE finished_at IS NOT NULL AND finished_at < $1 LIMIT $2",
        kJobColumns
    );
    return writing(database_, [&](Session& session) -> Result<int> {
        int count = 0;
        const auto forgotten = TRY(session.run(
            "DELETE FROM idempotency WHERE (route, key) IN (SELECT route, key FROM idempotency "
            "WHERE created_at < $1 LIMIT $2) RETURNING key",
            {keys, kBite}
        ));
        const auto old = TRY(session.run(kOldSql, {jobs, kBite}));
        for (const auto& row : old) {
            const auto record = job_from(row);  // goes also when it cannot be read any more
            const auto tasks = record ? record->job.tasks : std::vector<Task>();
            TRY(delete_job(session, row.text(0), tasks));
        }
        count = static_cast<int>(forgotten.size() + old.size());
        return count;
    });
}

}  // namespace ittybit::store
