#include <fmt/format.h>

#include "store/side_tables.h"

namespace ittybit::store {
namespace {

constexpr std::string_view kColumns =
    "id, job_id, type, url, body, status, attempts, next_at, created_at, updated_at";

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

}  // namespace

Result<std::optional<Delivery>> Outbox::claim(UnixMillis lease_until, UnixMillis now) {
    const auto sql = [&](std::string_view condition, std::string_view order) {
        return fmt::format(
            "UPDATE deliveries SET lease_until = $1, attempts = attempts + 1, updated_at = $2 "
            "WHERE status = 'pending' AND id = (SELECT id FROM deliveries WHERE "
            "status = 'pending' AND {} ORDER BY {} LIMIT 1{}) RETURNING {}",
            condition, order, database_.skip_locked(), kColumns
        );
    };
    const auto due = sql(fmt::format("{} <= $2", kDueAt), kDueAt);
    const auto of_future = sql("updated_at > $2", "updated_at DESC");
    return writing(database_, [&](Session& session) -> Result<std::optional<Delivery>> {
        for (const auto& text : {due, of_future}) {
            const auto rows = TRY(session.run(text, {lease_until, now}));
            if (!rows.empty()) return std::optional(delivery_from(rows.front()));
        }
        return std::optional<Delivery>();
    });
}

Result<void> Outbox::note(
    const Delivery& delivery,
    const DeliveryAttempt& attempt,
    std::string_view status,
    std::optional<UnixMillis> next_at,
    UnixMillis now
) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "UPDATE deliveries SET lease_until = 0, updated_at = $4, "
            "status = CASE WHEN next_at = $5 THEN $2 ELSE status END, "
            "next_at = CASE WHEN next_at = $5 THEN $3 ELSE next_at END "
            "WHERE id = $1 AND status = 'pending'",
            {delivery.id, std::string(status), value_of(next_at), now, value_of(delivery.next_at)}
        ));
        TRY(session.run(
            "INSERT INTO delivery_attempts (delivery_id, number, at, status, error, duration_ms) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            {delivery.id, attempt.number, attempt.at, value_of(attempt.status),
             value_of(attempt.error), attempt.duration_ms}
        ));
        return {};
    });
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
        "SELECT {0} FROM deliveries WHERE status = 'pending' ORDER BY {0} LIMIT 1", kDueAt
    );
    return reading(database_, [&](Session& session) -> Result<std::optional<UnixMillis>> {
        std::optional<UnixMillis> next;
        const auto first = TRY(session.run(kSql));
        if (first.empty()) return next;
        next = first.front().integer(0);
        if (*next <= now) return next;
        const auto of_future = TRY(session.run(
            "SELECT 1 FROM deliveries WHERE status = 'pending' AND updated_at > $1 LIMIT 1", {now}
        ));
        if (!of_future.empty()) next = now;
        return next;
    });
}

Result<int> Outbox::forget(UnixMillis before) {
    return writing(database_, [&](Session& session) -> Result<int> {
        const auto rows = TRY(session.run(
            "SELECT id FROM deliveries WHERE status <> 'pending' AND updated_at < $1 "
            "ORDER BY updated_at LIMIT 100",
            {before}
        ));
        for (const auto& row : rows) {
            TRY(session.run("DELETE FROM delivery_attempts WHERE delivery_id = $1", {row.text(0)}));
            TRY(session.run("DELETE FROM deliveries WHERE id = $1", {row.text(0)}));
        }
        return static_cast<int>(rows.size());
    });
}

}  // namespace ittybit::store
