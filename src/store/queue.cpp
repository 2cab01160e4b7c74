#include "store/queue.h"

#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/log.h"
#include "model/weight.h"
#include "store/lateness.h"
#include "store/rows.h"
#include "store/turns.h"

namespace ittybit::store {
namespace {

/// Of one claim: rows it fails because they cannot be read, and turns that others were faster at.
constexpr int kMostTries = 100;

/// Every write of a worker begins with this guard in its WHERE clause.
constexpr std::string_view kHeld = "job_id = $1 AND worker = $2 AND attempt = $3";

Values held(const Claim& claim, std::initializer_list<Value> more = {}) {
    Values values{claim.job_id, claim.worker, claim.attempt};
    values.insert(values.end(), more.begin(), more.end());
    return values;
}

/// Ends a claim. Whether it was one still.
Result<bool> end_lease(Session& session, const Claim& claim) {
    static const std::string kSql =
        fmt::format("DELETE FROM leases WHERE {} RETURNING job_id", kHeld);
    return !TRY(session.run(kSql, held(claim))).empty();
}

/// Whether the job is the claim's: then its lease goes on.
Result<bool> beat(Session& session, const Claim& claim) {
    static const std::string kSql =
        fmt::format("UPDATE leases SET beat = beat + 1 WHERE {} RETURNING job_id", kHeld);
    return !TRY(session.run(kSql, held(claim))).empty();
}

/// Followers are told of what has changed in a job that is held.
Result<void> note_new_state(Session& session, const Claim& claim, UnixMillis now) {
    announce_state(session, claim.job_id);
    TRY(session.run_along(
        "UPDATE jobs SET updated_at = $2, revision = revision + 1 WHERE id = $1",
        {claim.job_id, now}
    ));
    return {};
}

/// Files and parts that users may have from now on.
Result<void> show_files(Session& session, const Ending& made, UnixMillis now) {
    for (const auto& file : made.files) {
        TRY(session.run_along(
            "UPDATE files SET is_ready = 1, used_at = $2, name = $3, size = $4 WHERE id = $1 AND "
            "role <> 'garbage'",
            {file.id, now, file.name, file.size}
        ));
    }
    for (const auto& part : made.parts) {
        TRY(session.run_along(
            "INSERT INTO parts (task_id, name, size) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            {made.parts_task, part.name, part.size}
        ));
    }
    return {};
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

/// The task that a lost worker was most likely killed by, by its id: a media operation.
std::string task_at_fault(const Job& job) {
    std::string first;
    for (const auto& task : job.tasks) {
        if (task.status == TaskStatus::kProcessing && is_job_kind(task.kind)) return task.id;
        if (!is_final(task.status) && first.empty()) first = task.id;
    }
    return first.empty() ? job.tasks.front().id : first;
}

/// Puts a job whose lease has just been ended back in the queue. Whether it was at this attempt.
Result<bool> requeue(
    Session& session,
    JobRecord& record,
    std::int64_t attempt,
    bool counts_attempt,
    UnixMillis available_at,
    UnixMillis now
) {
    const auto hit = TRY(session.run(
        "UPDATE jobs SET status = 'queued', available_at = $3, uncounted = uncounted + $4, "
        "updated_at = $5, revision = revision + 1 WHERE id = $1 AND status = 'processing' AND "
        "attempt = $2 RETURNING id",
        {record.job.id, attempt, available_at, std::int64_t{counts_attempt ? 0 : 1}, now}
    ));
    if (hit.empty()) return false;
    rest_tasks(record.job, now);
    TRY(write_tasks(session, record.job.id, record.job.tasks));
    announce_waiting(session, is_light(record.order));
    announce_state(session, record.job.id);
    return true;
}

Result<bool> give_up(Session& session, JobRecord& record, UnixMillis now) {
    const Error error{
        ErrorKind::kTaskCrashed,
        fmt::format(
            "the work was cut off {} times and is given up: try it again later", record.attempt
        ),
        ""
    };
    fail(record.job, task_at_fault(record.job), error, now);
    return end_job(session, record, now);
}

Result<bool> take_back_claim(Session& session, const Claim& claim, UnixMillis now) {
    auto record = TRY(load_job(session, claim.job_id));
    if (!record) return false;
    if (record->uncounted + 1 >= Queue::kMostCutOff) return give_up(session, *record, now);
    return requeue(session, *record, claim.attempt, false, now, now);
}

/// A row that cannot be read fails alone: the next in the queue is not kept waiting by it.
Result<void> fail_broken(Session& session, JobRecord& record, UnixMillis now) {
    const Error error{
        ErrorKind::kInternalError,
        fmt::format("the database holds a broken {} of this job: send it again", record.broken), ""
    };
    log::error("a job cannot be read", {{"job", record.job.id}, {"broken", record.broken}});
    fail(record.job, record.job.tasks.front().id, error, now);
    TRY(end_job(session, record, now));
    return {};
}

/// Takes the first turn that nobody else is taking, and waits for the first of all only when others
/// are at each. Nothing where somebody was faster.
Result<std::optional<Turn>> take_one(
    Session& session, const Dialect& dialect, const std::vector<Turn>& turns
) {
    for (const auto& turn : turns) {
        if (TRY(take_turn(session, dialect, turn, false))) return std::optional(turn);
    }
    if (TRY(take_turn(session, dialect, turns.front(), true))) return std::optional(turns.front());
    return std::optional<Turn>();
}

/// Takes the next job of a key off the queue, whatever its row is like.
Result<std::optional<Claimed>> take_next(
    Session& session,
    const Turn& turn,
    Lane lane,
    std::string_view skip_locked,
    const std::string& worker,
    UnixMillis now
) {
    // The plus: walk the queue in order, rather than sort what is due.
    const auto sql = fmt::format(
        "UPDATE jobs SET status = 'processing', attempt = attempt + 1, "
        "started_at = COALESCE(started_at, $1), updated_at = $1, revision = revision + 1 "
        "WHERE status = 'queued' AND id = (SELECT id FROM jobs WHERE status = 'queued'{} AND "
        "key_id = $2 AND (+available_at <= $1 OR +updated_at > $3) ORDER BY priority DESC, id "
        "LIMIT 1{}) RETURNING id, attempt",
        in_lane(lane), skip_locked
    );
    std::optional<Claimed> taken;
    const auto rows = TRY(session.run(sql, {now, turn.key_id, now + kLatest}));
    if (rows.empty()) return taken;
    Claim claim{rows.front().text(0), worker, rows.front().integer(1)};
    TRY(session.run_along(
        "INSERT INTO leases (job_id, worker, attempt, beat, key_id) VALUES ($1, $2, $3, 0, $4) "
        "ON CONFLICT (job_id) DO UPDATE SET worker = excluded.worker, attempt = excluded.attempt, "
        "beat = 0",
        held(claim, {turn.key_id})
    ));
    announce_state(session, claim.job_id);
    auto record = TRY(load_job(session, claim.job_id));
    if (!record) return Error{ErrorKind::kInternalError, "a claimed job is not there", ""};
    taken = Claimed{std::move(claim), std::move(*record)};
    return taken;
}

}  // namespace

Result<std::optional<Claimed>> Queue::claim(const std::string& worker, UnixMillis now, Lane lane) {
    const auto& dialect = database_.dialect();
    return writing(database_, [&](Session& session) -> Result<std::optional<Claimed>> {
        for (int tries = 0; tries < kMostTries; ++tries) {
            const auto turns = TRY(find_turns(session, now, lane));
            if (turns.empty()) break;
            const auto turn = TRY(take_one(session, dialect, turns));
            if (!turn) continue;
            auto taken = TRY(take_next(session, *turn, lane, dialect.skip_locked, worker, now));
            if (!taken) continue;
            if (taken->record.broken.empty()) {
                TRY(write_tasks(session, taken->claim.job_id, taken->record.job.tasks));
                return taken;
            }
            TRY(fail_broken(session, taken->record, now));
        }
        return std::optional<Claimed>();
    });
}

Result<bool> Queue::heartbeat(
    const Claim& claim, std::span<const Task> changed, bool is_new_state, UnixMillis now
) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (!TRY(beat(session, claim))) return false;
        for (const auto& task : changed) TRY(update_task(session, task));
        if (is_new_state) TRY(note_new_state(session, claim, now));
        return true;
    });
}

Result<bool> Queue::is_held(const Claim& claim) {
    static const std::string kSql = fmt::format("SELECT 1 FROM leases WHERE {}", kHeld);
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(kSql, held(claim))).empty();
    });
}

Result<bool> Queue::publish(const Claim& claim, const Ending& made, UnixMillis now) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (!TRY(beat(session, claim))) return false;
        const Job& job = made.record.job;
        TRY(write_tasks(session, job.id, job.tasks));
        TRY(session.run_along(
            "UPDATE jobs SET warnings = $2 WHERE id = $1", {job.id, json_text(job.warnings)}
        ));
        TRY(show_files(session, made, now));
        TRY(note_new_state(session, claim, now));
        return true;
    });
}

Result<bool> Queue::finish(const Claim& claim, const Ending& ending, UnixMillis now) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (!TRY(end_lease(session, claim))) return false;
        JobRecord record = ending.record;
        record.attempt = claim.attempt;
        if (!TRY(end_job(session, record, now))) return false;
        TRY(show_files(session, ending, now));
        return true;
    });
}

Result<bool> Queue::give_back(
    const Claim& claim, UnixMillis available_at, bool counts_attempt, UnixMillis now
) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (!TRY(end_lease(session, claim))) return false;
        auto record = TRY(load_job(session, claim.job_id));
        if (!record) return false;
        return requeue(session, *record, claim.attempt, counts_attempt, available_at, now);
    });
}

Result<std::vector<Lease>> Queue::leases() {
    return reading(database_, [&](Session& session) -> Result<std::vector<Lease>> {
        std::vector<Lease> leases;
        for (const auto& row :
             TRY(session.run("SELECT job_id, worker, attempt, beat FROM leases"))) {
            leases.push_back({{row.text(0), row.text(1), row.integer(2)}, row.integer(3)});
        }
        return leases;
    });
}

Result<bool> Queue::take_back(const Lease& lease, UnixMillis now) {
    static const std::string kSql =
        fmt::format("DELETE FROM leases WHERE {} AND beat = $4 RETURNING job_id", kHeld);
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (TRY(session.run(kSql, held(lease.claim, {lease.beat}))).empty()) return false;
        return take_back_claim(session, lease.claim, now);
    });
}

Result<int> Queue::take_back_all(const std::string& worker, UnixMillis now) {
    int count = 0;
    for (const auto& lease : TRY(leases())) {
        if (lease.claim.worker == worker && TRY(take_back(lease, now))) ++count;
    }
    return count;
}

Result<std::optional<UnixMillis>> Queue::next_available(UnixMillis now, Lane lane) {
    return reading(database_, [&](Session& session) -> Result<std::optional<UnixMillis>> {
        const auto first =
            TRY(session.run("SELECT min(available_at) FROM jobs WHERE status = 'queued'"));
        auto next = first.front().optional_integer(0);
        if (!next) return next;
        if (*next > now) {
            const auto of_future = TRY(session.run(
                "SELECT 1 FROM jobs WHERE status = 'queued' AND updated_at > $1 LIMIT 1",
                {now + kLatest}
            ));
            if (of_future.empty()) return next;
            next = now;
        }
        if (!TRY(find_turns(session, now, lane)).empty()) return next;
        // The keys of all that is due have as many running as they may, or it is not of this lane.
        const auto later = TRY(session.run(
            "SELECT min(available_at) FROM jobs WHERE status = 'queued' AND available_at > $1",
            {now}
        ));
        return later.front().optional_integer(0);
    });
}

}  // namespace ittybit::store
