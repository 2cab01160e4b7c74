// The lists of JobStore. Each filter has an index whose entries come in the order of ids, so that a
// page is read from where it begins; what the index does not answer is looked at row by row, so
// many at most.

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/ids.h"
#include "store/job_store.h"
#include "store/paging.h"
#include "store/rows.h"

namespace ittybit::store {
namespace {

constexpr std::int64_t kChunk = 200;
constexpr int kMostLookedAt = 4000;

/// A query on jobs, its bounds made ids.
struct Walk {
    const ListQuery& query;
    bool is_task = false;
    bool is_down = true;     // the direction of the reading
    std::string above = {};  // ids between these two, without them
    std::string below = {};

    std::string_view direction() const { return is_down ? "DESC" : "ASC"; }
    bool is_reversed() const { return is_down != query.is_descending; }
    /// Goes on behind this id.
    void pass(const std::string& id) { (is_down ? below : above) = id; }
};

Walk walk_of(const ListQuery& query, bool is_task) {
    Walk walk{query, is_task};
    const bool is_back = query.before && !query.after;
    walk.is_down = query.is_descending != is_back;
    walk.above = query.created_after ? id_before("job", *query.created_after + 1) : "job_";
    walk.below = query.created_before ? id_before("job", *query.created_before) : "job`";
    const auto narrow = [&](const std::optional<std::string>& id, bool is_below) {
        if (!id) return;
        if (is_below) {
            walk.below = std::min(walk.below, *id);
        } else {
            walk.above = std::max(walk.above, *id);
        }
    };
    narrow(query.after, query.is_descending);
    narrow(query.before, !query.is_descending);
    return walk;
}

/// The kinds that there are, from one index entry to the next.
Result<std::vector<std::string>> kinds_of(Session& session, const Walk& walk) {
    if (walk.query.kind) return std::vector{*walk.query.kind};
    std::vector<std::string> kinds;
    std::string last;
    for (;;) {
        const auto rows = TRY(session.run(
            "SELECT kind FROM jobs WHERE is_task = $1 AND kind > $2 ORDER BY kind LIMIT 1",
            {std::int64_t{walk.is_task}, last}
        ));
        if (rows.empty()) return kinds;
        kinds.push_back(last = rows.front().text(0));
    }
}

std::vector<std::string> statuses_of(const Walk& walk) {
    if (!walk.query.statuses.empty()) return walk.query.statuses;
    std::vector<std::string> all;
    for (const auto& row : names(JobStatus{})) all.emplace_back(row.name);
    return all;
}

/// By kind and status alone, as jobs_by_state has them: the first of each pair, and of these the
/// first.
Result<Page<std::string>> ids_by_state(Session& session, const Walk& walk) {
    const auto sql = fmt::format(
        "SELECT id FROM jobs WHERE is_task = $1 AND kind = $2 AND status = $3 AND id || '' > $4 "
        "AND id || '' < $5 ORDER BY id || '' {} LIMIT $6",
        walk.direction()
    );
    Page<std::string> page;
    for (const auto& kind : TRY(kinds_of(session, walk))) {
        for (const auto& status : statuses_of(walk)) {
            const auto rows = TRY(session.run(
                sql, {std::int64_t{walk.is_task}, kind, status, walk.above, walk.below,
                      std::int64_t{walk.query.limit} + 1}
            ));
            for (const auto& row : rows) page.items.push_back(row.text(0));
        }
    }
    std::ranges::sort(page.items);
    if (walk.is_down) std::ranges::reverse(page.items);
    return page;
}

/// Where rows come from that an index gives by one value.
struct Stream {
    std::string_view from;
    Values values;
};

Stream stream_of(const ListQuery& query) {
    if (!query.metadata.empty()) {
        const auto& [name, value] = query.metadata.front();
        // CROSS: the labels first, whatever the planner thinks.
        return {
            "labels CROSS JOIN jobs WHERE jobs.id = labels.job_id AND labels.name = $4 AND "
            "labels.value = $5 AND labels.job_id > $1 AND labels.job_id < $2 ORDER BY "
            "labels.job_id",
            {name, value}
        };
    }
    if (query.error) {
        return {"jobs WHERE error_kind = $4 AND id > $1 AND id < $2 ORDER BY id", {*query.error}};
    }
    return {
        "jobs WHERE substr(input, 1, 200) = substr($4, 1, 200) AND input = $4 AND id > $1 AND "
        "id < $2 ORDER BY id",
        {query.input.value_or("")}
    };
}

Result<bool> has_labels(Session& session, const ListQuery& query, const std::string& id) {
    for (const auto& [name, value] : query.metadata) {
        const auto rows = TRY(session.run(
            "SELECT 1 FROM labels WHERE job_id = $1 AND name = $2 AND value = $3", {id, name, value}
        ));
        if (rows.empty()) return false;
    }
    return true;
}

/// Columns: id, is_task, kind, status, input, error_kind.
Result<bool> matches(Session& session, const Walk& walk, const Row& row) {
    const auto& query = walk.query;
    const auto is = [&](const std::optional<std::string>& wanted, std::size_t column) {
        return !wanted || (!row.is_null(column) && row.text(column) == *wanted);
    };
    if ((row.integer(1) != 0) != walk.is_task) return false;
    if (!is(query.kind, 2) || !is(query.input, 4) || !is(query.error, 5)) return false;
    const auto& statuses = query.statuses;
    if (!statuses.empty() && std::ranges::find(statuses, row.text(3)) == statuses.end()) {
        return false;
    }
    return query.metadata.size() < 2 || TRY(has_labels(session, query, row.text(0)));
}

/// By what has an index of its own; the rest is looked at row by row.
Result<Page<std::string>> ids_by_value(Session& session, Walk walk) {
    const auto stream = stream_of(walk.query);
    const auto sql = fmt::format(
        "SELECT jobs.id, is_task, kind, status, input, error_kind FROM {} {} LIMIT $3", stream.from,
        walk.direction()
    );
    Page<std::string> page;
    for (int looked_at = 0; std::cmp_less_equal(page.items.size(), walk.query.limit);) {
        Values values{walk.above, walk.below, kChunk};
        values.insert(values.end(), stream.values.begin(), stream.values.end());
        const auto rows = TRY(session.run(sql, values));
        for (const auto& row : rows) {
            if (TRY(matches(session, walk, row))) page.items.push_back(row.text(0));
            walk.pass(row.text(0));
        }
        if (std::cmp_less(rows.size(), kChunk)) break;
        looked_at += static_cast<int>(rows.size());
        if (looked_at < kMostLookedAt) continue;
        page.cursor = rows.back().text(0);
        break;
    }
    return page;
}

Result<Page<JobRecord>> page_of(Session& session, const ListQuery& query, bool is_task) {
    TRY(check_cursor(query.after, "job"));
    TRY(check_cursor(query.before, "job"));
    const auto walk = walk_of(query, is_task);
    const bool has_value = !query.metadata.empty() || query.error || query.input;
    auto ids = TRY(has_value ? ids_by_value(session, walk) : ids_by_state(session, walk));
    trim(ids, query.limit, walk.is_reversed());
    Page<JobRecord> page{{}, ids.has_more, std::move(ids.cursor)};
    for (const auto& id : ids.items) {
        if (auto record = TRY(load_job(session, id))) page.items.push_back(*std::move(record));
    }
    return page;
}

/// The id of the hidden job behind a task that a cursor names, also when it is gone.
Result<std::optional<std::string>> job_of_task(
    Session& session, const std::optional<std::string>& task_id
) {
    TRY(check_cursor(task_id, "task"));
    if (!task_id) return task_id;
    const auto row = TRY(load_task_row(session, *task_id));
    return std::optional(row ? row->job_id : leading_id(*task_id, "job"));
}

}  // namespace

Result<Page<Job>> JobStore::list_jobs(const ListQuery& query) {
    return reading(database_, [&](Session& session) -> Result<Page<Job>> {
        auto records = TRY(page_of(session, query, false));
        Page<Job> page{{}, records.has_more, std::move(records.cursor)};
        for (auto& record : records.items) page.items.push_back(std::move(record.job));
        return page;
    });
}

Result<Page<Task>> JobStore::list_tasks(const ListQuery& query) {
    return reading(database_, [&](Session& session) -> Result<Page<Task>> {
        ListQuery of_jobs = query;
        of_jobs.after = TRY(job_of_task(session, query.after));
        of_jobs.before = TRY(job_of_task(session, query.before));
        for (auto& status : of_jobs.statuses) {
            if (status == "waiting") status = "queued";
        }
        auto records = TRY(page_of(session, of_jobs, true));
        Page<Task> page{{}, records.has_more, std::move(records.cursor)};
        if (!page.cursor.empty()) page.cursor = following_id(page.cursor, "task", 1);
        for (auto& record : records.items) {
            page.items.push_back(std::move(record.job.tasks.front()));
        }
        return page;
    });
}

Result<Page<Part>> JobStore::list_parts(const std::string& task_id, const ListQuery& query) {
    const bool is_back = query.before && !query.after;
    const bool is_down = query.is_descending != is_back;
    return reading(database_, [&](Session& session) -> Result<Page<Part>> {
        Values values{task_id};
        std::string sql = "SELECT name, size FROM parts WHERE task_id = $1";
        const auto add = [&](char direction, const std::optional<std::string>& name) {
            if (!name) return;
            values.emplace_back(*name);
            sql += fmt::format(" AND name {} ${}", direction, values.size());
        };
        add(query.is_descending ? '<' : '>', query.after);
        add(query.is_descending ? '>' : '<', query.before);
        values.emplace_back(std::int64_t{query.limit} + 1);
        sql += fmt::format(" ORDER BY name {} LIMIT ${}", is_down ? "DESC" : "ASC", values.size());
        Page<Part> page;
        for (const auto& row : TRY(session.run(sql, values))) {
            page.items.push_back({row.text(0), row.integer(1)});
        }
        trim(page, query.limit, is_back);
        return page;
    });
}

}  // namespace ittybit::store
