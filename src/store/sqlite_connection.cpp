#include "store/sqlite_connection.h"

#include <utility>

#include <fmt/format.h>

namespace ittybit::store {
namespace {

constexpr int kBusyTimeoutMs = 10'000;  // another process on the file may be committing

Result<void> bind(sqlite3_stmt* statement, int position, const Value& value) {
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        code = sqlite3_bind_int64(statement, position, *number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        // The text outlives the step, so SQLite need not copy it.
        code = sqlite3_bind_text64(
            statement, position, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8
        );
    } else {
        code = sqlite3_bind_null(statement, position);
    }
    if (code == SQLITE_OK) return {};
    return Error{ErrorKind::kInternalError, fmt::format("bind: {}", sqlite3_errstr(code)), ""};
}

Value column(sqlite3_stmt* statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
        case SQLITE_NULL: return nullptr;
        case SQLITE_INTEGER:
            return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
        default: break;
    }
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
}

/// Resets the statement for its next use, also on early return.
struct Reset {
    sqlite3_stmt* statement;
    ~Reset() { sqlite3_reset(statement); }
};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path) {
    // It would count its bytes under a mutex. Has to be said before the first is opened.
    [[maybe_unused]] static const int kSaid = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        nullptr
    );
    SqliteHandle handle(raw);
    if (code != SQLITE_OK) {
        return Error{
            ErrorKind::kUnavailable,
            fmt::format("the database cannot be opened: {}", sqlite3_errstr(code)), "database"
        };
    }
    sqlite3_busy_timeout(raw, kBusyTimeoutMs);
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(handle)));
    for (const auto* pragma :
         {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
          "PRAGMA journal_size_limit = 67108864", "PRAGMA temp_store = MEMORY"}) {
        TRY(connection->run(pragma));
    }
    return connection;
}

Result<Rows> SqliteConnection::run(std::string_view sql, const Values& values) {
    auto* statement = TRY(prepare(sql));
    auto* handle = statement->handle.get();
    const Reset reset{handle};
    for (std::size_t i = 0; i < values.size() && i < statement->positions.size(); ++i) {
        if (statement->positions[i] > 0) TRY(bind(handle, statement->positions[i], values[i]));
    }
    Rows rows;
    for (;;) {
        const int code = sqlite3_step(handle);
        if (code == SQLITE_DONE) return rows;
        if (code != SQLITE_ROW) return last_error();
        Values columns;
        const int count = sqlite3_column_count(handle);
        columns.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) columns.push_back(column(handle, i));
        rows.emplace_back(std::move(columns));
    }
}

Result<void> SqliteConnection::sync_commits(bool wanted) {
    if (wanted == syncs_) return {};
    // Not by `run`: this one takes effect when it is prepared, and prepared ones are kept.
    const auto* level = wanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    const int code = sqlite3_exec(handle_.get(), level, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return last_error();
    syncs_ = wanted;
    return {};
}

Result<SqliteStatement*> SqliteConnection::prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) {
        return &found->second;
    }
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(
        handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw,
        nullptr
    );
    SqliteStatement statement{std::unique_ptr<sqlite3_stmt, SqliteFree>(raw), {}};
    if (code != SQLITE_OK) return last_error();
    const int count = sqlite3_bind_parameter_count(raw);
    for (int number = 1; static_cast<int>(statement.positions.size()) < count || number <= count;
         ++number) {
        statement.positions.push_back(
            sqlite3_bind_parameter_index(raw, fmt::format("${}", number).c_str())
        );
    }
    texts_.push_back(std::make_unique<std::string>(sql));
    return &statements_.emplace(*texts_.back(), std::move(statement)).first->second;
}

Error SqliteConnection::last_error() const {
    const int code = sqlite3_errcode(handle_.get());
    const char* words = sqlite3_errmsg(handle_.get());
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        return {ErrorKind::kUnavailable, "the database is busy: try again", "database"};
    }
    if (code == SQLITE_FULL) {
        return {ErrorKind::kDiskFull, "the disk that holds the database is full", "database"};
    }
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        return {
            ErrorKind::kUnavailable,
            fmt::format("the database is damaged: put a backup in its place ({})", words),
            "database"
        };
    }
    return {ErrorKind::kInternalError, fmt::format("database: {}", words), "database"};
}

}  // namespace ittybit::store
