#include "store/job_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ids.h"
#include "store/rows.h"

namespace ittybit::store {
namespace {

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

Result<void> insert_answer(
    Session& session, const IdempotencyKey& key, const Answer& answer, UnixMillis now
) {
    TRY(session.run(
        "INSERT INTO idempotency (route, key, fingerprint, location, body, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        {key.route, key.key, key.fingerprint, answer.location, answer.body, now}
    ));
    return {};
}

/// The select of one page: the parameters go with the text.
struct PageQuery {
    std::string sql;
    Values values;
    bool is_reversed = false;  // rows come in the other order than the one chosen
};

PageQuery page_query(const ListQuery& query, bool is_task) {
    PageQuery page;
    page.is_reversed = query.before && !query.after;
    page.sql = fmt::format("SELECT {} FROM jobs WHERE is_task = {}", kJobColumns, is_task ? 1 : 0);
    const auto add = [&](std::string_view condition, const std::optional<std::string>& value) {
        if (!value) return;
        page.values.emplace_back(*value);
        page.sql += fmt::format(" AND {} ${}", condition, page.values.size());
    };
    add(query.is_descending ? "id <" : "id >", query.after);
    add(query.is_descending ? "id >" : "id <", query.before);
    add("kind =", query.kind);
    add("status =", query.status);
    add("input =", query.input);
    const bool is_down = query.is_descending != page.is_reversed;
    page.values.emplace_back(std::int64_t{query.limit + 1});
    page.sql +=
        fmt::format(" ORDER BY id {} LIMIT ${}", is_down ? "DESC" : "ASC", page.values.size());
    return page;
}

/// Cuts the one row too many that told whether there is more, and restores the order.
template <typename T>
void trim(Page<T>& page, int limit, bool is_reversed) {
    page.has_more = std::cmp_greater(page.items.size(), limit);
    if (page.has_more) page.items.resize(static_cast<std::size_t>(limit));
    if (is_reversed) std::ranges::reverse(page.items);
}

/// The job whose tasks are next behind it in the order of ids, where this id is a task's.
std::string floor_of(const std::string& task_id) {
    constexpr std::string_view kPrefix = "task_";
    return task_id.starts_with(kPrefix) ? "job_" + task_id.substr(kPrefix.size()) : "";
}

/// A task of any job, and that job. No index of tasks is needed: a task's id follows its job's, and
/// no other job's lies between. (In jobs from before schema 6, those made at the same moment may.)
Result<std::optional<JobStore::TaskRecord>> load_task(Session& session, const std::string& id) {
    static const std::string kSql =
        fmt::format("SELECT {} FROM jobs WHERE id < $1 ORDER BY id DESC LIMIT $2", kJobColumns);
    std::optional<JobStore::TaskRecord> found;
    for (const std::int64_t candidates : {1, 64}) {
        for (const auto& row : TRY(session.run(kSql, {floor_of(id), candidates}))) {
            auto record = TRY(job_from(row));
            const auto task = std::ranges::find(record.job.tasks, id, &Task::id);
            if (task == record.job.tasks.end()) continue;
            found = {std::move(*task), std::move(record.job.id), record.is_task};
            return found;
        }
    }
    return found;
}

/// The id of the hidden job behind a task that a cursor names.
Result<std::string> job_of_task(Session& session, const std::string& task_id) {
    auto found = TRY(load_task(session, task_id));
    if (found && found->is_standalone) return std::move(found->job_id);
    return Error{
        ErrorKind::kInvalidRequest, "there is no task with the id in after or before", "after"
    };
}

Result<void> check_cursor(Session& session, const std::optional<std::string>& id) {
    if (!id) return {};
    const auto rows = TRY(session.run("SELECT 1 FROM jobs WHERE id = $1 AND is_task = 0", {*id}));
    if (!rows.empty()) return {};
    return Error{
        ErrorKind::kInvalidRequest, "there is no job with the id in after or before", "after"
    };
}

/// Ends a record that is not final as cancelled, with all its tasks.
Result<void> cancel_in(Session& session, JobRecord& record, UnixMillis now) {
    Job& job = record.job;
    fail(
        job, job.tasks.front().kind, Error{ErrorKind::kCancelled, "cancelled on request", ""}, now
    );
    ++record.revision;
    return end_job(session, record, now);
}

Result<void> check_part(
    Session& session, const std::string& task_id, const std::optional<std::string>& name
) {
    if (!name) return {};
    const auto rows =
        TRY(session.run("SELECT 1 FROM parts WHERE task_id = $1 AND name = $2", {task_id, *name}));
    if (!rows.empty()) return {};
    return Error{
        ErrorKind::kInvalidRequest, "there is no part with the name in after or before", "after"
    };
}

/// One part more than asked for, in the direction of the reading. Parts are ordered by name.
Result<Page<Part>> page_of_parts(
    Session& session, const std::string& task_id, const ListQuery& query, bool is_down
) {
    TRY(check_part(session, task_id, query.after));
    TRY(check_part(session, task_id, query.before));
    Values values{task_id};
    std::string sql = "SELECT name, size FROM parts WHERE task_id = $1";
    const auto add = [&](char direction, const std::optional<std::string>& name) {
        if (!name) return;
        values.emplace_back(*name);
        sql += fmt::format(" AND name {} ${}", direction, values.size());
    };
    add(query.is_descending ? '<' : '>', query.after);
    add(query.is_descending ? '>' : '<', query.before);
    values.emplace_back(std::int64_t{query.limit + 1});
    sql += fmt::format(" ORDER BY name {} LIMIT ${}", is_down ? "DESC" : "ASC", values.size());
    Page<Part> page;
    for (const auto& row : TRY(session.run(sql, values))) {
        page.items.push_back({row.text(0), row.integer(1)});
    }
    return page;
}

}  // namespace

void JobStore::create_later(
    const JobRecord& record, std::optional<IdempotencyKey> key, Answer answer, WhenCreated done
) {
    auto created = std::make_shared<Created>(std::move(answer), false);
    auto work = [created, row = row_of(record), now = record.job.created_at,
                 key = std::move(key)](Session& session) -> Result<void> {
        if (key) {
            if (auto earlier = TRY(answer_of(session, *key))) {
                *created = {*std::move(earlier), true};
                return {};
            }
            TRY(insert_answer(session, *key, created->answer, now));
        }
        return insert_job(session, row);
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
    return reading(database_, [&](Session& session) -> Result<std::optional<Answer>> {
        std::optional<Answer> answer;
        answer = TRY(answer_of(session, key));
        return answer;
    });
}

Result<void> JobStore::remember(const IdempotencyKey& key, const Answer& answer, UnixMillis now) {
    return database_.write([&](Session& session) {
        return insert_answer(session, key, answer, now);
    });
}

Result<std::optional<JobRecord>> JobStore::find_job(const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<std::optional<JobRecord>> {
        std::optional<JobRecord> record;
        record = TRY(load_job(session, id));
        return record;
    });
}

Result<std::optional<JobStore::TaskRecord>> JobStore::find_task(const std::string& id) {
    return reading(database_, [&](Session& session) { return load_task(session, id); });
}

Result<Page<Job>> JobStore::list_jobs(const ListQuery& query) {
    return reading(database_, [&](Session& session) -> Result<Page<Job>> {
        Page<Job> page;
        TRY(check_cursor(session, query.after));
        TRY(check_cursor(session, query.before));
        const auto [sql, values, is_reversed] = page_query(query, false);
        for (const auto& row : TRY(session.run(sql, values))) {
            page.items.push_back(TRY(job_from(row)).job);
        }
        trim(page, query.limit, is_reversed);
        return page;
    });
}

Result<Page<Task>> JobStore::list_tasks(const ListQuery& query) {
    return reading(database_, [&](Session& session) -> Result<Page<Task>> {
        Page<Task> page;
        ListQuery of_jobs = query;
        if (query.after) of_jobs.after = TRY(job_of_task(session, *query.after));
        if (query.before) of_jobs.before = TRY(job_of_task(session, *query.before));
        if (query.status == "waiting") of_jobs.status = "queued";
        const auto [sql, values, is_reversed] = page_query(of_jobs, true);
        for (const auto& row : TRY(session.run(sql, values))) {
            auto record = TRY(job_from(row));
            if (!record.job.tasks.empty())
                page.items.push_back(std::move(record.job.tasks.front()));
        }
        trim(page, query.limit, is_reversed);
        return page;
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
        JobRecord cancelled;
        auto record = TRY(load_job(session, id));
        if (!record || record->is_task) return no_such_job();
        cancelled = std::move(*record);
        const auto status = cancelled.job.status;
        if (status == JobStatus::kCancelled) return cancelled;
        if (is_final(status)) {
            return Error{
                ErrorKind::kJobFinished,
                fmt::format(
                    "the job has already ended as {} and cannot be cancelled", name_of(status)
                ),
                "id"
            };
        }
        TRY(cancel_in(session, cancelled, now));
        return cancelled;
    });
}

Result<void> JobStore::remove(const std::string& id, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        auto record = TRY(load_job(session, id));
        if (!record || record->is_task) return no_such_job();
        if (!is_final(record->job.status)) TRY(cancel_in(session, *record, now));
        TRY(session.run(
            "UPDATE files SET is_ready = 0, role = 'garbage', job_id = NULL WHERE job_id = $1", {id}
        ));
        return delete_job(session, id, record->job.tasks);
    });
}

Result<std::vector<Part>> JobStore::list_parts(
    const std::string& task_id, const ListQuery& query, bool& has_more
) {
    const bool is_reversed = query.before && !query.after;
    auto page = reading(database_, [&](Session& session) {
        return page_of_parts(session, task_id, query, query.is_descending != is_reversed);
    });
    if (!page) return std::move(page).error();
    trim(*page, query.limit, is_reversed);
    has_more = page->has_more;
    return std::move(page->items);
}

}  // namespace ittybit::store
