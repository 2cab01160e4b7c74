// Connections, API keys and settings.

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "store/side_tables.h"

namespace ittybit::store {
namespace {

constexpr std::string_view kConnection =
    "SELECT id, name, settings, secret, is_default, created_at, updated_at FROM connections";

constexpr std::string_view kKey =
    "SELECT id, name, hash, hint, created_at, scope, expires_at, rate_limit, max_running, "
    "last_used_at FROM api_keys";

/// KeyRecord::is_lasting.
constexpr std::string_view kLasting = "scope = 'admin' AND expires_at IS NULL";

/// A scope that is not known, of a newer ittybit say, allows the least.
KeyRecord key_from(const Row& row) {
    return KeyRecord{
        row.text(0),
        row.text(1),
        row.text(2),
        row.text(3),
        row.integer(4),
        find_named<Scope>(row.text(5)).value_or(Scope::kRead),
        row.optional_integer(6),
        row.optional_integer(7),
        row.optional_integer(8),
        row.optional_integer(9),
    };
}

/// Settings that cannot be read are none: whoever uses the connection is told what is missing.
ConnectionRecord connection_from(const Row& row) {
    auto settings = parse_json(row.text(2));
    const bool is_read = settings && settings->is_object();
    return ConnectionRecord{
        row.text(0),
        row.text(1),
        is_read ? std::move(settings->get_object()) : json::object(),
        row.text(3),
        row.integer(4) != 0,
        row.integer(5),
        row.integer(6),
    };
}

std::optional<ConnectionRecord> only_of(const Rows& rows) {
    if (rows.empty()) return std::nullopt;
    return connection_from(rows.front());
}

Error name_is_taken(const std::string& name) {
    return {
        ErrorKind::kConnectionExists,
        fmt::format("a connection named {} exists already: choose another name", name), "name"
    };
}

/// There is one default at most.
Result<void> clear_default(Session& session, const ConnectionRecord& connection) {
    if (!connection.is_default) return {};
    TRY(session.run(
        "UPDATE connections SET is_default = 0 WHERE is_default = 1 AND id <> $1", {connection.id}
    ));
    return {};
}

Result<void> check_cursor(Session& session, const std::optional<std::string>& id) {
    if (!id) return {};
    const auto known = TRY(session.run("SELECT 1 FROM connections WHERE id = $1", {*id}));
    if (!known.empty()) return {};
    return Error{
        ErrorKind::kInvalidRequest, "there is no connection with the id in after or before", "after"
    };
}

/// One row more than asked for, in the direction of the reading.
Result<Page<ConnectionRecord>> page_of(Session& session, const ListQuery& query, bool is_down) {
    TRY(check_cursor(session, query.after));
    TRY(check_cursor(session, query.before));
    Values values;
    std::string sql(kConnection);
    const auto add = [&](char direction, const std::optional<std::string>& id) {
        if (!id) return;
        values.emplace_back(*id);
        const std::string_view word = values.size() == 1 ? "WHERE" : "AND";
        sql += fmt::format(" {} id {} ${}", word, direction, values.size());
    };
    add(query.is_descending ? '<' : '>', query.after);
    add(query.is_descending ? '>' : '<', query.before);
    values.emplace_back(std::int64_t{query.limit + 1});
    sql += fmt::format(" ORDER BY id {} LIMIT ${}", is_down ? "DESC" : "ASC", values.size());
    Page<ConnectionRecord> page;
    for (const auto& row : TRY(session.run(sql, values))) {
        page.items.push_back(connection_from(row));
    }
    return page;
}

}  // namespace

Result<void> ConnectionTable::add(const ConnectionRecord& connection) {
    return database_.write([&](Session& session) -> Result<void> {
        const auto rows = TRY(session.run(
            "INSERT INTO connections (id, name, settings, secret, is_default, created_at, "
            "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
            {connection.id, connection.name, compact_json(connection.settings), connection.secret,
             std::int64_t{connection.is_default}, connection.created_at, connection.updated_at}
        ));
        if (rows.empty()) return name_is_taken(connection.name);
        return clear_default(session, connection);
    });
}

Result<bool> ConnectionTable::update(
    const ConnectionRecord& connection, const ConnectionRecord& before
) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        const auto taken = TRY(session.run(
            "SELECT 1 FROM connections WHERE name = $1 AND id <> $2",
            {connection.name, connection.id}
        ));
        if (!taken.empty()) return name_is_taken(connection.name);
        const auto hit = TRY(session.run(
            "UPDATE connections SET name = $2, settings = $3, secret = $4, is_default = $5, "
            "updated_at = $6 WHERE id = $1 AND updated_at = $7 AND secret = $8 RETURNING id",
            {connection.id, connection.name, compact_json(connection.settings), connection.secret,
             std::int64_t{connection.is_default}, connection.updated_at, before.updated_at,
             before.secret}
        ));
        if (hit.empty()) return false;
        TRY(clear_default(session, connection));
        return true;
    });
}

Result<void> ConnectionTable::reseal(
    const ConnectionRecord& connection, const std::string& secret
) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "UPDATE connections SET secret = $3 WHERE id = $1 AND secret = $2",
            {connection.id, connection.secret, secret}
        ));
        return {};
    });
}

Result<std::optional<ConnectionRecord>> ConnectionTable::find(const std::string& id_or_name) {
    static const std::string kSql = fmt::format("{} WHERE id = $1 OR name = $1", kConnection);
    return reading(database_, [&](Session& session) -> Result<std::optional<ConnectionRecord>> {
        std::optional<ConnectionRecord> found;
        const auto rows = TRY(session.run(kSql, {id_or_name}));
        found = only_of(rows);
        return found;
    });
}

Result<std::optional<ConnectionRecord>> ConnectionTable::find_default() {
    static const std::string kSql =
        fmt::format("{} ORDER BY is_default DESC, id LIMIT 2", kConnection);
    return reading(database_, [&](Session& session) -> Result<std::optional<ConnectionRecord>> {
        std::optional<ConnectionRecord> found;
        const auto rows = TRY(session.run(kSql));
        const bool is_clear = rows.size() == 1 || (!rows.empty() && rows.front().integer(4) != 0);
        if (is_clear) found = only_of(rows);
        return found;
    });
}

Result<Page<ConnectionRecord>> ConnectionTable::list(const ListQuery& query) {
    const bool is_reversed = query.before && !query.after;
    const bool is_down = query.is_descending != is_reversed;
    auto page =
        reading(database_, [&](Session& session) { return page_of(session, query, is_down); });
    if (!page) return page;
    page->has_more = std::cmp_greater(page->items.size(), query.limit);
    if (page->has_more) page->items.pop_back();
    if (is_reversed) std::ranges::reverse(page->items);
    return page;
}

Result<bool> ConnectionTable::remove(const std::string& id) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        bool is_gone = false;
        is_gone =
            !TRY(session.run("DELETE FROM connections WHERE id = $1 RETURNING id", {id})).empty();
        return is_gone;
    });
}

Result<void> KeyTable::add(const KeyRecord& key) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO api_keys (id, name, hash, hint, created_at, scope, expires_at, "
            "rate_limit, max_running) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
            "ON CONFLICT DO NOTHING",
            {key.id, key.name, key.hash, key.hint, key.created_at, std::string(name_of(key.scope)),
             value_of(key.expires_at), value_of(key.rate_limit), value_of(key.max_running)}
        ));
        return {};
    });
}

Result<std::optional<KeyRecord>> KeyTable::find_by_hash(const std::string& hash) {
    static const std::string kSql = fmt::format("{} WHERE hash = $1", kKey);
    return reading(database_, [&](Session& session) -> Result<std::optional<KeyRecord>> {
        std::optional<KeyRecord> key;
        const auto rows = TRY(session.run(kSql, {hash}));
        if (!rows.empty()) key = key_from(rows.front());
        return key;
    });
}

Result<std::vector<KeyRecord>> KeyTable::list() {
    static const std::string kSql = fmt::format("{} ORDER BY id", kKey);
    return reading(database_, [&](Session& session) -> Result<std::vector<KeyRecord>> {
        std::vector<KeyRecord> keys;
        for (const auto& row : TRY(session.run(kSql))) keys.push_back(key_from(row));
        return keys;
    });
}

Result<void> KeyTable::note_use(const std::string& id, UnixMillis at) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("UPDATE api_keys SET last_used_at = $2 WHERE id = $1", {id, at}));
        return {};
    });
}

Result<std::string> SettingTable::get(const std::string& name) {
    return reading(database_, [&](Session& session) -> Result<std::string> {
        const auto rows = TRY(session.run("SELECT value FROM settings WHERE name = $1", {name}));
        return rows.empty() ? std::string() : rows.front().text(0);
    });
}

Result<void> SettingTable::set(const std::string& name, const std::string& value) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET "
            "value = excluded.value",
            {name, value}
        ));
        return {};
    });
}

Result<std::string> SettingTable::settle(const std::string& name, const std::string& value) {
    return writing(database_, [&](Session& session) -> Result<std::string> {
        TRY(session.run(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            {name, value}
        ));
        const auto rows = TRY(session.run("SELECT value FROM settings WHERE name = $1", {name}));
        return rows.front().text(0);
    });
}

Result<bool> KeyTable::revoke(const std::string& id) {
    static const std::string kSeize =
        fmt::format("UPDATE api_keys SET name = name WHERE {}", kLasting);
    static const std::string kSql = fmt::format(
        "DELETE FROM api_keys WHERE id = $1 AND (NOT ({0}) OR (SELECT count(*) FROM api_keys WHERE "
        "{0}) > 1) RETURNING id",
        kLasting
    );
    return writing(database_, [&](Session& session) -> Result<bool> {
        // Who revokes another one at the same moment waits here, and counts what we leave.
        TRY(session.run(kSeize));
        const auto gone = TRY(session.run(kSql, {id}));
        if (!gone.empty()) {
            TRY(session.run("DELETE FROM upload_tokens WHERE key_id = $1", {id}));
            return true;
        }
        if (TRY(session.run("SELECT id FROM api_keys WHERE id = $1", {id})).empty()) return false;
        return Error{
            ErrorKind::kInvalidRequest,
            "this is the last API key that may do everything and never expires: make another one "
            "first",
            "id"
        };
    });
}

}  // namespace ittybit::store
