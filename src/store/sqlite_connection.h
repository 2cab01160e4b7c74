#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "store/database.h"

namespace ittybit::store {

struct SqliteFree {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using SqliteHandle = std::unique_ptr<sqlite3, SqliteFree>;

/// A prepared statement and where each `$n` of it is bound.
struct SqliteStatement {
    std::unique_ptr<sqlite3_stmt, SqliteFree> handle;
    std::vector<int> positions;  // of $1, $2, …; 0 where the text does not use it
};

/// One connection to a SQLite file with its prepared statements. One thread at a time.
class SqliteConnection : public Session {
public:
    /// Errors: `unavailable`.
    static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path);

    Result<Rows> run(std::string_view sql, const Values& values = {}) override;
    void announce(std::string_view topic) override { announced_.emplace(topic); }

    /// What was announced since the last time.
    std::set<std::string> take_announced() { return std::exchange(announced_, {}); }

    /// Whether commits from now on are synced to disk. Outside of a transaction.
    Result<void> sync_commits(bool wanted);

    /// Whether a transaction is open: a full disk can end one from inside.
    bool is_in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

private:
    explicit SqliteConnection(SqliteHandle handle) : handle_(std::move(handle)) {}
    Result<SqliteStatement*> prepare(std::string_view sql);
    Error last_error() const;

    SqliteHandle handle_;
    std::unordered_map<std::string_view, SqliteStatement> statements_;
    std::set<std::string> announced_;
    bool syncs_ = true;
    std::vector<std::unique_ptr<std::string>> texts_;  // what the map's keys point into
};

}  // namespace ittybit::store
