#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "store/lateness.h"
#include "store/paging.h"
#include "store/side_tables.h"

namespace ittybit::store {
namespace {

constexpr std::string_view kColumns =
    "id, job_id, type, url, body, status, attempts, next_at, created_at, updated_at";
/// The same without the bytes that are sent, which may be many.
constexpr std::string_view kListed =
    "id, job_id, type, url, '' AS body, status, attempts, next_at, created_at, updated_at";

/// When a delivery may be taken: not before its time, and not while somebody is sending it.
constexpr std::string_view kDueAt =
    "CASE WHEN lease_until > next_at THEN lease_until ELSE next_at END";

Delivery delivery_from(const Row& row) {
    return {
        row.text(0),    row.text(1),    row.text(2),    row.text(3),
        row.text(4),    row.text(5),    row.integer(6), row.optional_integer(7),
        row.integer(8), row.integer(9),
    };
}

/// The receivers of what is due. Goes from one to the next by the index, however much waits.
Result<std::vector<std::string>> receivers(Database& database, UnixMillis now) {
    static const std::string kSql = fmt::format(
        "WITH RECURSIVE waiting (receiver) AS ("
        "SELECT min(receiver) FROM deliveries WHERE status = 'pending' UNION ALL "
        "SELECT (SELECT min(receiver) FROM deliveries WHERE status = 'pending' AND receiver > "
        "waiting.receiver) FROM waiting WHERE waiting.receiver IS NOT NULL) "
        "SELECT receiver FROM waiting WHERE receiver IS NOT NULL AND EXISTS (SELECT 1 FROM "
        "deliveries WHERE status = 'pending' AND deliveries.receiver = waiting.receiver AND "
        "{} <= $1)",
        kDueAt
    );
    return reading(database, [&](Session& session) -> Result<std::vector<std::string>> {
        std::vector<std::string> due;
        for (const auto& row : TRY(session.run(kSql, {now}))) due.push_back(row.text(0));
        return due;
    });
}

/// A wait that was begun later than now; while somebody is sending, only if that is later than
/// clocks of two machines are apart.
constexpr std::string_view kOfFuture =
    "status = 'pending' AND updated_at > $1 AND (lease_until = 0 OR updated_at > $2)";
constexpr UnixMillis kMostApart = UnixMillis{5} * 60'000;

/// Whether there is such a wait.
Result<bool> has_of_future(Session& session, UnixMillis now) {
    static const std::string kSql =
        fmt::format("SELECT 1 FROM deliveries WHERE {} LIMIT 1", kOfFuture);
    return !TRY(session.run(kSql, {now + kLatest, now + kMostApart})).empty();
}

/// Ends every such wait.
Result<> end_waits_of_future(Database& database, UnixMillis now) {
    const auto is_any =
        TRY(reading(database, [&](Session& session) { return has_of_future(session, now); }));
    if (!is_any) return {};
    return database.write([&](Session& session) -> Result<> {
        static const std::string kSql = fmt::format(
            "UPDATE deliveries SET next_at = $3, lease_until = 0, updated_at = $3 WHERE {}",
            kOfFuture
        );
        TRY(session.run(kSql, {now + kLatest, now + kMostApart, now}));
        return {};
    });
}

}  // namespace

std::string receiver_of(std::string_view url) {
    const auto scheme = url.find("://");
    const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
    return to_lower(url.substr(0, url.find_first_of("/?#", host)));
}

Result<std::vector<Delivery>> Outbox::claim(
    const Room& room, UnixMillis lease_until, UnixMillis now
) {
    const std::string take = fmt::format(
        "WITH due AS MATERIALIZED (SELECT id FROM deliveries WHERE status = 'pending' AND "
        "receiver = $2 AND {0} <= $3 ORDER BY {0} LIMIT $4{1}) "
        "UPDATE deliveries SET lease_until = $1, attempts = attempts + 1, updated_at = $3 WHERE "
        "status = 'pending' AND id IN (SELECT id FROM due) RETURNING {2}",
        kDueAt, database_.dialect().skip_locked, kColumns
    );
    TRY(end_waits_of_future(database_, now));
    auto due = TRY(receivers(database_, now));
    std::erase_if(due, [&](const std::string& receiver) { return room(receiver, 0) <= 0; });
    if (due.empty()) return std::vector<Delivery>();
    return writing(database_, [&](Session& session) -> Result<std::vector<Delivery>> {
        std::vector<Delivery> claimed;
        for (const auto& receiver : due) {
            const std::int64_t most = room(receiver, claimed.size());
            if (most <= 0) continue;
            for (const auto& row : TRY(session.run(take, {lease_until, receiver, now, most}))) {
                claimed.push_back(delivery_from(row));
            }
        }
        return claimed;
    });
}

void Outbox::note(
    const Delivery& delivery,
    const DeliveryAttempt& attempt,
    std::string_view status,
    std::optional<UnixMillis> next_at,
    UnixMillis now,
    Database::Done done
) {
    const Values changes = {
        delivery.id, std::string(status), value_of(next_at), now, value_of(delivery.next_at)
    };
    const Values tried = {
        delivery.id,
        attempt.number,
        attempt.at,
        value_of(attempt.status),
        value_of(attempt.error),
        attempt.duration_ms,
    };
    const auto write = [changes, tried](Session& session) -> Result<> {
        TRY(session.run(
            "UPDATE deliveries SET lease_until = 0, updated_at = $4, "
            "status = CASE WHEN next_at = $5 THEN $2 ELSE status END, "
            "next_at = CASE WHEN next_at = $5 THEN $3 ELSE next_at END "
            "WHERE id = $1 AND status = 'pending'",
            changes
        ));
        TRY(session.run(
            "INSERT INTO delivery_attempts (delivery_id, number, at, status, error, duration_ms) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            tried
        ));
        session.announce(topic::kOutbox);  // its receiver has room for another
        return {};
    };
    database_.write_later(write, std::move(done));
}

Result<std::vector<Delivery>> Outbox::of_job(const std::string& job_id) {
    static const std::string kSql =
        fmt::format("SELECT {} FROM deliveries WHERE job_id = $1 ORDER BY id", kColumns);
    return reading(database_, [&](Session& session) -> Result<std::vector<Delivery>> {
        std::vector<Delivery> deliveries;
        for (const auto& row : TRY(session.run(kSql, {job_id}))) {
            deliveries.push_back(delivery_from(row));
        }
        return deliveries;
    });
}

// The first of each status, and of these the first.
Result<Page<Delivery>> Outbox::list(const ListQuery& query) {
    TRY(check_cursor(query.after, "msg"));
    TRY(check_cursor(query.before, "msg"));
    const bool is_back = query.before && !query.after;
    const bool is_down = query.is_descending != is_back;
    const auto& above = query.is_descending ? query.before : query.after;
    const auto& below = query.is_descending ? query.after : query.before;
    const auto sql = fmt::format(
        "SELECT {} FROM deliveries WHERE status || '' = $1 AND id > $2 AND id < $3 ORDER BY id {} "
        "LIMIT $4",
        kListed, is_down ? "DESC" : "ASC"
    );
    const auto is_wanted = [&](std::string_view status) {
        return query.statuses.empty() ||
               std::ranges::find(query.statuses, status) != query.statuses.end();
    };
    return reading(database_, [&](Session& session) -> Result<Page<Delivery>> {
        Page<Delivery> page;
        for (const auto status : kDeliveryStatuses) {
            if (!is_wanted(status)) continue;
            const Values values{
                std::string(status), above.value_or("msg_"), below.value_or("msg`"),
                std::int64_t{query.limit} + 1
            };
            for (const auto& row : TRY(session.run(sql, values)))
                page.items.push_back(delivery_from(row));
        }
        std::ranges::sort(page.items, {}, &Delivery::id);
        if (is_down) std::ranges::reverse(page.items);
        trim(page, query.limit, is_back);
        return page;
    });
}

Result<std::vector<DeliveryAttempt>> Outbox::attempts(const std::string& delivery_id) {
    return reading(database_, [&](Session& session) -> Result<std::vector<DeliveryAttempt>> {
        std::vector<DeliveryAttempt> attempts;
        const auto rows = TRY(session.run(
            "SELECT number, at, status, error, duration_ms FROM delivery_attempts WHERE "
            "delivery_id = $1 ORDER BY number",
            {delivery_id}
        ));
        for (const auto& row : rows) {
            attempts.push_back(
                {row.integer(0), row.integer(1), row.optional_integer(2), row.optional_text(3),
                 row.integer(4)}
            );
        }
        return attempts;
    });
}

Result<bool> Outbox::resend(const std::string& job_id, const std::string& id, UnixMillis now) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        bool is_known = false;
        const auto rows = TRY(session.run(
            "UPDATE deliveries SET status = 'pending', next_at = $3, updated_at = $3 "
            "WHERE id = $1 AND job_id = $2 RETURNING id",
            {id, job_id, now}
        ));
        is_known = !rows.empty();
        session.announce(topic::kOutbox);
        return is_known;
    });
}

Result<std::optional<UnixMillis>> Outbox::next_due(UnixMillis now) {
    static const std::string kSql = fmt::format(
        "SELECT {0} FROM deliveries WHERE status = 'pending' AND {0} > $1 ORDER BY {0} LIMIT 1",
        kDueAt
    );
    return reading(database_, [&](Session& session) -> Result<std::optional<UnixMillis>> {
        if (TRY(has_of_future(session, now))) return std::optional(now);
        const auto rows = TRY(session.run(kSql, {now}));
        if (rows.empty()) return std::optional<UnixMillis>();
        return std::optional<UnixMillis>(rows.front().integer(0));
    });
}

Result<std::int64_t> Outbox::pending() {
    return reading(database_, [&](Session& session) -> Result<std::int64_t> {
        const auto rows = TRY(session.run(
            "SELECT count(*) FROM deliveries WHERE status = 'pending' AND updated_at > 0"
        ));
        return rows.front().integer(0);
    });
}

Result<int> Outbox::forget(UnixMillis before) {
    return tidying(database_, [&](Session& session) -> Result<int> {
        const auto rows = TRY(session.run(
            "SELECT id FROM deliveries WHERE status <> 'pending' AND updated_at < $1 "
            "ORDER BY updated_at LIMIT 5",
            {before}
        ));
        for (const auto& row : rows) {
            const auto gone = TRY(session.run(
                "DELETE FROM deliveries WHERE id = $1 AND status <> 'pending' RETURNING id",
                {row.text(0)}
            ));
            if (gone.empty()) continue;  // it is to be sent once more
            TRY(session.run("DELETE FROM delivery_attempts WHERE delivery_id = $1", {row.text(0)}));
        }
        return static_cast<int>(rows.size());
    });
}

}  // namespace ittybit::store
