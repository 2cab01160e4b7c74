#include "store/segments.h"

#include <utility>

#include <fmt/format.h>

#include "store/rows.h"
#include "store/turns.h"

namespace ittybit::store {
namespace {

constexpr std::string_view kHeld =
    "id = $1 AND worker = $2 AND attempt = $3 AND state = 'processing'";

Values held(const Claim& claim, std::initializer_list<Value> more = {}) {
    Values values{claim.job_id, claim.worker, claim.attempt};
    values.insert(values.end(), more.begin(), more.end());
    return values;
}

/// Whoever waits for the pieces of a job looks at them.
void announce_pieces(Session& session, const std::string& job_id) {
    session.announce(topic::pieces(job_id));
}

/// Writes `set` where the claim holds; tells those who wait for the piece, and where it
/// `is_free_again` those who look for work. Whether it hit.
Result<bool> change(
    Session& session, std::string_view set, const Values& values, bool is_free_again
) {
    const auto sql = fmt::format("UPDATE segments SET {} WHERE {} RETURNING job_id", set, kHeld);
    const auto rows = TRY(session.run(sql, values));
    if (rows.empty()) return false;
    announce_pieces(session, rows.front().text(0));
    if (is_free_again) session.announce(topic::kQueue);
    return true;
}

/// Whether the job is the claim's: then its lease goes on, and nobody takes it before this ends.
Result<bool> holds(Session& session, const Claim& job) {
    const auto hit = TRY(session.run(
        "UPDATE leases SET beat = beat + 1 WHERE job_id = $1 AND worker = $2 AND attempt = $3 "
        "RETURNING job_id",
        held(job)
    ));
    return !hit.empty();
}

/// Those of an earlier attempt of the job that failed wait again, as at first. How often they were
/// begun stays: one may be what kills.
Result<void> try_failed_anew(Session& session, const std::string& task_id) {
    const auto again = TRY(session.run(
        "UPDATE segments SET state = 'waiting', failures = 0, result = '' WHERE task_id = $1 AND "
        "(state = 'failed' OR (state = 'waiting' AND failures > 0)) RETURNING id",
        {task_id}
    ));
    if (!again.empty()) session.announce(topic::kQueue);
    return {};
}

/// Takes the first piece that waits, of those that `which` tells by $2 and in its order.
Result<std::optional<ClaimedSegment>> take_next(
    Session& session,
    std::string_view which,
    const Value& value,
    std::string_view skip_locked,
    const std::string& worker
) {
    const auto sql = fmt::format(
        "UPDATE segments SET state = 'processing', worker = $1, attempt = attempt + 1, beat = 0, "
        "percent = 0 WHERE state = 'waiting' AND id = (SELECT id FROM segments WHERE "
        "state = 'waiting' AND {} LIMIT 1{}) "
        "RETURNING id, attempt, job_id, task_id, number, failures",
        which, skip_locked
    );
    std::optional<ClaimedSegment> taken;
    const auto rows = TRY(session.run(sql, {worker, value}));
    if (rows.empty()) return taken;
    const auto& row = rows.front();
    const auto work = TRY(session.run("SELECT work FROM splits WHERE task_id = $1", {row.text(3)}));
    if (work.empty()) return Error{ErrorKind::kInternalError, "a piece is of no work", ""};
    taken = ClaimedSegment{
        .claim = {row.text(0), worker, row.integer(1)},
        .job_id = row.text(2),
        .task_id = row.text(3),
        .number = row.integer(4),
        .failures = row.integer(5),
        .work = work.front().text(0),
    };
    return taken;
}

/// Their ids are of this attempt of the job: whoever is at a piece of an earlier one has no claim
/// on these.
Result<void> insert_pieces(
    Session& session, const Claim& job, const Split& split, const std::string& build
) {
    const auto priority = TRY(session.run("SELECT priority FROM jobs WHERE id = $1", {job.job_id}));
    if (priority.empty()) return Error{ErrorKind::kInternalError, "a split job is not there", ""};
    TRY(session.run(
        "INSERT INTO splits (task_id, job_id, work) VALUES ($1, $2, $3)",
        {split.task_id, job.job_id, split.work}
    ));
    for (std::int64_t number = 0; number < split.pieces; ++number) {
        TRY(session.run(
            "INSERT INTO segments (id, task_id, number, job_id, priority, build, state, worker, "
            "attempt, beat, failures, percent, file, result) VALUES ($1, $2, $3, $4, $5, $6, "
            "'waiting', '', 0, 0, 0, 0, '', '')",
            {fmt::format("{}/{}/{}", split.task_id, job.attempt, number), split.task_id, number,
             job.job_id, priority.front().integer(0), build}
        ));
    }
    session.announce(topic::kQueue);
    return {};
}

}  // namespace

Result<void> forget_segments(Session& session, std::string_view column, const std::string& id) {
    TRY(session.run(
        fmt::format(
            "UPDATE files SET role = 'garbage' WHERE is_ready = 0 AND id IN (SELECT file FROM "
            "segments WHERE {} = $1)",
            column
        ),
        {id}
    ));
    TRY(session.run(fmt::format("DELETE FROM segments WHERE {} = $1", column), {id}));
    return {};
}

Result<bool> SegmentTable::put_up(const Claim& job, const Split& split, const std::string& build) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (!TRY(holds(session, job))) return false;
        const auto before = TRY(session.run(
            "SELECT work, (SELECT count(*) FROM segments WHERE task_id = $1 AND build = $2) FROM "
            "splits WHERE task_id = $1",
            {split.task_id, build}
        ));
        if (!before.empty()) {
            const auto& row = before.front();
            if (row.text(0) == split.work && row.integer(1) == split.pieces) {
                TRY(try_failed_anew(session, split.task_id));
                return true;
            }
            TRY(session.run("DELETE FROM splits WHERE task_id = $1", {split.task_id}));
            TRY(forget_segments(session, "task_id", split.task_id));
        }
        TRY(insert_pieces(session, job, split, build));
        return true;
    });
}

Result<std::vector<Segment>> SegmentTable::of_task(const std::string& task_id) {
    return reading(database_, [&](Session& session) -> Result<std::vector<Segment>> {
        std::vector<Segment> segments;
        const auto rows = TRY(session.run(
            "SELECT state, percent, file, result FROM segments WHERE task_id = $1 ORDER BY number",
            {task_id}
        ));
        for (const auto& row : rows)
            segments.push_back({row.text(0), row.integer(1), row.text(2), row.text(3)});
        return segments;
    });
}

Result<bool> SegmentTable::is_any_waiting(const std::string& build) {
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(
                        "SELECT 1 FROM segments WHERE state = 'waiting' AND build = $1 AND "
                        "failures = 0 LIMIT 1",
                        {build}
                    ))
                    .empty();
    });
}

Result<std::optional<ClaimedSegment>> SegmentTable::claim(
    const std::string& worker, const std::string& build, UnixMillis now
) {
    const auto skip_locked = database_.dialect().skip_locked;
    return writing(database_, [&](Session& session) -> Result<std::optional<ClaimedSegment>> {
        const auto next = TRY(session.run(
            "SELECT priority FROM segments WHERE state = 'waiting' AND build = $1 AND "
            "failures = 0 ORDER BY priority DESC, task_id, number LIMIT 1",
            {build}
        ));
        std::optional<ClaimedSegment> none;
        if (next.empty()) return none;
        const auto turns = TRY(find_turns(session, now));
        if (!turns.empty() && turns.front().priority > next.front().integer(0)) return none;
        return take_next(
            session, "build = $2 AND failures = 0 ORDER BY priority DESC, task_id, number", build,
            skip_locked, worker
        );
    });
}

Result<std::optional<ClaimedSegment>> SegmentTable::claim_of(
    const Claim& job, const std::string& task_id
) {
    const auto skip_locked = database_.dialect().skip_locked;
    return writing(database_, [&](Session& session) -> Result<std::optional<ClaimedSegment>> {
        if (!TRY(holds(session, job))) return std::optional<ClaimedSegment>();
        return take_next(session, "task_id = $2 ORDER BY number", task_id, skip_locked, job.worker);
    });
}

Result<bool> SegmentTable::beat(const Claim& segment, std::int64_t percent) {
    static const std::string kSql = fmt::format(
        "UPDATE segments SET beat = beat + 1, percent = $4 WHERE {} RETURNING id", kHeld
    );
    return writing(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(kSql, held(segment, {percent}))).empty();
    });
}

Result<bool> SegmentTable::is_held(const Claim& segment) {
    static const std::string kSql = fmt::format("SELECT 1 FROM segments WHERE {}", kHeld);
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(kSql, held(segment))).empty();
    });
}

Result<bool> SegmentTable::finish(
    const Claim& segment, const std::string& file, const std::string& result
) {
    return writing(database_, [&](Session& session) {
        return change(
            session, "state = 'done', percent = 100, file = $4, result = $5",
            held(segment, {file, result}), false
        );
    });
}

Result<bool> SegmentTable::fail(const Claim& segment, const std::string& error, bool is_final) {
    return writing(database_, [&](Session& session) {
        return change(
            session, "failures = failures + 1, percent = 0, result = $4, state = $5",
            held(segment, {error, std::string(is_final ? "failed" : "waiting")}), false
        );
    });
}

Result<bool> SegmentTable::give_back(const Claim& segment) {
    return writing(database_, [&](Session& session) {
        return change(session, "state = 'waiting', percent = 0", held(segment), true);
    });
}

Result<std::vector<Lease>> SegmentTable::leases() {
    return reading(database_, [&](Session& session) -> Result<std::vector<Lease>> {
        std::vector<Lease> leases;
        const auto rows = TRY(
            session.run("SELECT id, worker, attempt, beat FROM segments WHERE state = 'processing'")
        );
        for (const auto& row : rows)
            leases.push_back({{row.text(0), row.text(1), row.integer(2)}, row.integer(3)});
        return leases;
    });
}

Result<bool> SegmentTable::take_back(const Lease& lease, const std::string& error) {
    const bool is_given_up = lease.claim.attempt >= kMostAttempts;
    return writing(database_, [&](Session& session) -> Result<bool> {
        const auto rows = TRY(session.run(
            "UPDATE segments SET percent = 0, result = $5, state = $6 WHERE id = $1 AND "
            "worker = $2 AND attempt = $3 AND state = 'processing' AND beat = $4 RETURNING job_id",
            held(
                lease.claim, {lease.beat, is_given_up ? error : std::string(),
                              std::string(is_given_up ? "failed" : "waiting")}
            )
        ));
        if (rows.empty()) return false;
        announce_pieces(session, rows.front().text(0));
        session.announce(topic::kQueue);
        return true;
    });
}

Result<bool> SegmentTable::forget(const Claim& job, const std::string& task_id) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        if (!TRY(holds(session, job))) return false;
        TRY(session.run("DELETE FROM splits WHERE task_id = $1", {task_id}));
        TRY(forget_segments(session, "task_id", task_id));
        return true;
    });
}

Result<void> WorkerTable::show(const std::string& worker, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO workers (worker, seen_at) VALUES ($1, $2) ON CONFLICT (worker) DO UPDATE "
            "SET seen_at = excluded.seen_at",
            {worker, now}
        ));
        TRY(session.run("DELETE FROM workers WHERE seen_at < $1", {now - kKeptBeats * kBeatMs}));
        return {};
    });
}

Result<void> WorkerTable::hide(const std::string& worker) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("DELETE FROM workers WHERE worker = $1", {worker}));
        return {};
    });
}

Result<bool> WorkerTable::has_others(const std::string& worker, UnixMillis now) {
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(
                        "SELECT 1 FROM workers WHERE worker <> $1 AND seen_at > $2 LIMIT 1",
                        {worker, now - 3 * kBeatMs}
                    ))
                    .empty();
    });
}

Result<std::vector<KnownWorker>> WorkerTable::list(UnixMillis now) {
    return reading(database_, [&](Session& session) -> Result<std::vector<KnownWorker>> {
        std::vector<KnownWorker> workers;
        const auto rows = TRY(session.run(
            "SELECT worker, seen_at, "
            "(SELECT count(*) FROM leases WHERE leases.worker = workers.worker), "
            "(SELECT count(*) FROM segments WHERE state = 'processing' AND segments.worker = "
            "workers.worker) FROM workers WHERE seen_at >= $1 ORDER BY worker",
            {now - kKeptBeats * kBeatMs}
        ));
        for (const auto& row : rows)
            workers.push_back({row.text(0), row.integer(1), row.integer(2), row.integer(3)});
        return workers;
    });
}

}  // namespace ittybit::store
