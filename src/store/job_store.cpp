#include "store/job_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "store/rows.h"
#include "store/turns.h"

namespace ittybit::store {
namespace {

constexpr int kMostTries = 8;  // of a change that others came before

Error no_such_job() {
    return {ErrorKind::kJobNotFound, "there is no job with this id", "id"};
}

Result<std::optional<Answer>> answer_of(Session& session, const IdempotencyKey& key) {
    const auto rows = TRY(session.run(
        "SELECT fingerprint, location, body FROM idempotency WHERE route = $1 AND key = $2",
        {key.route, key.key}
    ));
    if (rows.empty()) return std::optional<Answer>();
    if (rows.front().text(0) != key.fingerprint) {
        return Error{
            ErrorKind::kIdempotencyKeyReused,
            "this Idempotency-Key was used with another request: choose a new key",
            "Idempotency-Key"
        };
    }
    return std::optional(Answer{rows.front().text(1), rows.front().text(2)});
}

/// Whether the key was free, and is this answer's now.
Result<bool> insert_answer(
    Session& session, const IdempotencyKey& key, const Answer& answer, UnixMillis now
) {
    const auto hit = TRY(session.run(
        "INSERT INTO idempotency (route, key, fingerprint, location, body, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING key",
        {key.route, key.key, key.fingerprint, answer.location, answer.body, now}
    ));
    return !hit.empty();
}

/// Ends a record that is not final as cancelled, with all its tasks. Whether it was still as it was
/// read.
Result<bool> cancel_in(Session& session, JobRecord& record, UnixMillis now) {
    Job& job = record.job;
    fail(job, job.tasks.front().id, Error{ErrorKind::kCancelled, "cancelled on request", ""}, now);
    ++record.revision;
    return end_job(session, record, now);
}

/// A job that users see, its lease ended: whoever works on it can write nothing more.
Result<std::optional<JobRecord>> seize_job(Session& session, const std::string& id) {
    auto record = TRY(load_job(session, id));
    if (!record || is_final(record->job.status)) return record;
    TRY(session.run("DELETE FROM leases WHERE job_id = $1", {id}));
    return load_job(session, id);
}

Error too_busy() {
    return {ErrorKind::kUnavailable, "the job changes all the time: try again", "id"};
}

}  // namespace

void JobStore::create_later(
    const JobRecord& record, std::optional<IdempotencyKey> key, Answer answer, WhenCreated done
) {
    auto created = std::make_shared<Created>();
    auto work = [created, rows = rows_of(record), now = record.job.created_at, key = std::move(key),
                 answer = std::move(answer)](Session& session) -> Result<void> {
        *created = {answer, false};
        if (key && !TRY(insert_answer(session, *key, answer, now))) {
            auto earlier = TRY(answer_of(session, *key));
            if (!earlier)
                return Error{ErrorKind::kUnavailable, "the key was just forgotten: try again", ""};
            *created = {*std::move(earlier), true};
            return {};
        }
        return insert_job(session, rows);
    };
    database_.write_later(
        std::move(work),
        [created, done = std::move(done)](const Result<void>& outcome) {
            if (!outcome) return done(outcome.error());
            done(std::move(*created));
        }
    );
}

Result<std::optional<Answer>> JobStore::find_answer(const IdempotencyKey& key) {
    return reading(database_, [&](Session& session) { return answer_of(session, key); });
}

Result<void> JobStore::remember(const IdempotencyKey& key, const Answer& answer, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(insert_answer(session, key, answer, now));
        return {};
    });
}

Result<std::optional<JobRecord>> JobStore::find_job(const std::string& id) {
    return reading(database_, [&](Session& session) { return load_job(session, id); });
}

Result<std::optional<JobStore::TaskRecord>> JobStore::find_task(const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<std::optional<TaskRecord>> {
        std::optional<TaskRecord> found;
        auto row = TRY(load_task_row(session, id));
        // Without a row it follows from its job, if there is one.
        auto job_id = row ? row->job_id : leading_id(id, "job");
        auto record = TRY(load_job(session, job_id));
        if (!record) return found;
        const auto task = std::ranges::find(record->job.tasks, id, &Task::id);
        if (task == record->job.tasks.end()) return found;
        found = {std::move(*task), std::move(job_id), record->is_task};
        return found;
    });
}

Result<std::optional<std::int64_t>> JobStore::find_revision(const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<std::optional<std::int64_t>> {
        std::optional<std::int64_t> revision;
        const auto rows = TRY(session.run("SELECT revision FROM jobs WHERE id = $1", {id}));
        if (!rows.empty()) revision = rows.front().integer(0);
        return revision;
    });
}

Result<JobRecord> JobStore::cancel(const std::string& id, UnixMillis now) {
    return writing(database_, [&](Session& session) -> Result<JobRecord> {
        for (int i = 0; i < kMostTries; ++i) {
            auto record = TRY(seize_job(session, id));
            if (!record) return no_such_job();
            const auto status = record->job.status;
            if (status == JobStatus::kCancelled) return *std::move(record);
            if (is_final(status)) {
                return Error{
                    ErrorKind::kJobFinished,
                    fmt::format(
                        "the {} has already ended as {} and cannot be cancelled",
                        record->is_task ? "task" : "job", name_of(status)
                    ),
                    "id"
                };
            }
            if (TRY(cancel_in(session, *record, now))) return *std::move(record);
        }
        return too_busy();
    });
}

Result<void> JobStore::remove(const std::string& id, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        for (int i = 0; i < kMostTries; ++i) {
            auto record = TRY(seize_job(session, id));
            if (!record) return no_such_job();
            const bool is_over = is_final(record->job.status);
            if (!is_over && !TRY(cancel_in(session, *record, now))) continue;
            TRY(session.run(
                "UPDATE files SET is_ready = 0, role = 'garbage', job_id = NULL WHERE job_id = $1",
                {id}
            ));
            return delete_job(session, id);
        }
        return too_busy();
    });
}

Result<std::vector<std::string>> JobStore::sealed_otherwise(
    const std::string& mark, const std::string& after
) {
    return reading(database_, [&](Session& session) -> Result<std::vector<std::string>> {
        std::vector<std::string> ids;
        const auto rows = TRY(session.run(
            "SELECT id FROM jobs WHERE request LIKE '%\"sealed_key\":\"%' AND request NOT LIKE $2 "
            "AND id > $1 ORDER BY id LIMIT 100",
            {after, fmt::format("%\"sealed_key\":\"{}%", mark)}
        ));
        for (const auto& row : rows) ids.push_back(row.text(0));
        return ids;
    });
}

Result<void> JobStore::reseal(const std::string& id, const Order& order) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("UPDATE jobs SET request = $2 WHERE id = $1", {id, json_text(order)}));
        return {};
    });
}

Result<JobStore::Counts> JobStore::counts() {
    return reading(database_, [&](Session& session) -> Result<Counts> {
        Counts counts;
        // The bound makes it one of the index of what is queued, and not a walk through all.
        const auto queued = TRY(session.run(
            "SELECT count(*), (SELECT created_at FROM jobs WHERE status = 'queued' AND id > '' "
            "ORDER BY id LIMIT 1) FROM jobs WHERE status = 'queued' AND id > ''"
        ));
        counts.queued = queued.front().integer(0);
        counts.oldest_queued = queued.front().optional_integer(1);
        const auto processing = TRY(session.run("SELECT count(*) FROM leases"));
        counts.processing = processing.front().integer(0);
        return counts;
    });
}

Result<std::map<int, JobStore::Queued>> JobStore::queued() {
    return reading(database_, [&](Session& session) -> Result<std::map<int, Queued>> {
        std::map<int, Queued> queued;
        std::string last;
        while (true) {
            const auto rows = TRY(session.run(
                "SELECT id, priority, created_at FROM jobs WHERE status = 'queued' AND id > $1 "
                "ORDER BY id LIMIT 1000",
                {last}
            ));
            for (const auto& row : rows) {
                auto& of_priority = queued[static_cast<int>(row.integer(1))];
                if (of_priority.count++ == 0) of_priority.oldest = row.integer(2);
            }
            if (rows.empty()) return queued;
            last = rows.back().text(0);
        }
    });
}

Result<int> JobStore::forget(UnixMillis keys, UnixMillis jobs) {
    return tidying(database_, [&](Session& session) -> Result<int> {
        const auto forgotten = TRY(session.run(
            "DELETE FROM idempotency WHERE (route, key) IN (SELECT route, key FROM idempotency "
            "WHERE created_at < $1 ORDER BY created_at LIMIT 5) RETURNING key",
            {keys}
        ));
        const auto old = TRY(session.run(
            "SELECT id FROM jobs WHERE finished_at IS NOT NULL AND finished_at < $1 "
            "ORDER BY finished_at LIMIT 5",
            {jobs}
        ));
        for (const auto& row : old) TRY(delete_job(session, row.text(0)));
        TRY(forget_turns(session));
        return static_cast<int>(forgotten.size() + old.size());
    });
}

}  // namespace ittybit::store
