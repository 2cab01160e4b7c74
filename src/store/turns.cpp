#include "store/turns.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "store/lateness.h"
#include "store/migrations.h"

namespace ittybit::store {
namespace {

/// A key that has a job that may be taken.
struct Candidate {
    Turn turn;
    std::int64_t running = 0;

    auto place() const { return std::tuple(-turn.priority, running, turn.served, turn.key_id); }

    /// Whether this one's turn comes before `first` has a second one.
    bool comes_next_to(const Candidate& first) const {
        return turn.priority == first.turn.priority && running <= first.running + 1;
    }
};

}  // namespace

std::string_view in_lane(Lane lane) {
    return lane == Lane::kLight ? " AND is_light = 1" : "";
}

// From key to key by the index, however many jobs each has.
Result<std::vector<Turn>> find_turns(Session& session, UnixMillis now, Lane lane) {
    std::vector<Candidate> candidates;
    const auto sql = fmt::format(
        "WITH RECURSIVE waiting (key_id) AS (SELECT min(key_id) FROM jobs WHERE {0} "
        "UNION ALL SELECT (SELECT min(key_id) FROM jobs WHERE {0} AND key_id > "
        "waiting.key_id) FROM waiting WHERE waiting.key_id IS NOT NULL) "
        "SELECT waiting.key_id, (SELECT priority FROM jobs WHERE {0} AND "
        "key_id = waiting.key_id AND (+available_at <= $1 OR +updated_at > $2) "
        "ORDER BY priority DESC LIMIT 1), "
        "(SELECT count(*) FROM leases WHERE leases.key_id = waiting.key_id), turns.served, "
        "(SELECT key_id FROM turns ORDER BY served DESC, key_id DESC LIMIT 1), "
        "api_keys.max_running, (SELECT max(version) FROM schema) "
        "FROM waiting LEFT JOIN turns ON turns.key_id = waiting.key_id "
        "LEFT JOIN api_keys ON api_keys.id = waiting.key_id "
        "WHERE waiting.key_id IS NOT NULL",
        fmt::format("status = 'queued'{}", in_lane(lane))
    );
    const auto rows = TRY(session.run(sql, {now, now + kLatest}));
    for (const auto& row : rows) {
        if (const auto schema = row.integer(6); schema > newest_schema()) return too_new(schema);
        if (row.is_null(1)) continue;  // all of its jobs wait for a later time
        const auto running = row.integer(2);
        const auto most = row.optional_integer(5);
        if (most && running >= *most) continue;
        const bool is_last = !row.is_null(4) && row.text(0) == row.text(4);
        candidates.push_back(
            {{row.text(0), row.integer(3), is_last, most.has_value(), row.integer(1)}, running}
        );
    }
    std::ranges::sort(candidates, {}, &Candidate::place);
    std::vector<Turn> turns;
    for (const auto& candidate : candidates) {
        if (candidate.comes_next_to(candidates.front())) turns.push_back(candidate.turn);
    }
    return turns;
}

// Who alone has jobs waiting, and no bound, writes nothing and so waits for nobody. Where there is
// a bound, whoever takes the turn at the same moment misses, and then counts this one, too.
Result<bool> take_turn(Session& session, const Dialect& dialect, const Turn& turn, bool waits) {
    if (turn.is_last && !turn.has_bound) return true;
    const auto sql = fmt::format(
        "INSERT INTO turns (key_id, served) SELECT $1, (SELECT COALESCE(max(served), 0) + 1 FROM "
        "turns) WHERE {} ON CONFLICT (key_id) DO UPDATE SET served = excluded.served "
        "WHERE turns.served = $2 RETURNING served",
        waits ? "true" : dialect.nobody_takes
    );
    return !TRY(session.run(sql, {turn.key_id, turn.served})).empty();
}

Result<void> forget_turns(Session& session) {
    TRY(session.run(
        "DELETE FROM turns WHERE key_id <> '' AND NOT EXISTS (SELECT 1 FROM api_keys WHERE "
        "api_keys.id = turns.key_id)"
    ));
    return {};
}

}  // namespace ittybit::store
