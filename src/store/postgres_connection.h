#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "store/database.h"

namespace ittybit::store {

struct PostgresFree {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresHandle = std::unique_ptr<PGconn, PostgresFree>;
using PostgresResult = std::unique_ptr<PGresult, PostgresFree>;

/// Connects by a postgres:// URL, with time-outs for a peer that is gone where the URL says none.
/// Errors: `unavailable`.
Result<PostgresHandle> connect_postgres(const std::string& url);

/// One connection to a PostgreSQL server with its prepared statements. One thread at a time. It
/// talks in pipeline mode: what opens and ends a transaction travels with the statement beside it.
class PostgresConnection : public Session {
public:
    /// Errors: `unavailable`.
    static Result<std::unique_ptr<PostgresConnection>> open(const std::string& url);

    /// Makes what begin_writing() needs, where it is missing.
    Result<void> prepare_server();

    /// A transaction that writes, and leaves its mark.
    void begin_writing();
    /// One on a snapshot.
    void begin_reading();
    Result<void> commit();
    void roll_back();

    Result<Rows> run(std::string_view sql, const Values& values = {}) override;
    Result<void> run_along(std::string_view sql, const Values& values = {}) override;
    void announce(std::string_view topic) override { announced_.emplace(topic); }

    /// What was announced since the last time.
    std::set<std::string> take_announced() { return std::exchange(announced_, {}); }

    /// What the transaction that was begun last leaves behind when it is committed.
    struct Mark {
        std::string connection;
        std::int64_t number = 0;
    };
    const Mark& mark() const { return mark_; }

    /// Whether the transaction of another connection was committed. Waits until that is decided,
    /// ten seconds at most; to be asked in one that writes.
    Result<bool> holds(const Mark& mark);

    /// Why this transaction failed: the connection, which is of no use any more, or others who did
    /// something at the same moment. Either way the same may succeed when it is tried again.
    bool is_lost() const { return is_lost_; }
    bool was_in_conflict() const { return was_in_conflict_; }

private:
    /// A command that was sent and not answered yet.
    struct Sent {
        std::string prepared;  // a statement's text; else ""
        std::string name;
    };

    explicit PostgresConnection(PostgresHandle handle);
    void begin();
    void send(std::string_view sql);
    void send(std::string_view sql, const Values& values);
    std::string prepare(std::string_view sql);
    /// The last answer to all that was sent.
    Result<PostgresResult> answers();
    Error failed(const PGresult* result);

    PostgresHandle handle_;
    std::vector<Sent> sent_;
    std::map<std::string, std::string, std::less<>> statements_;  // text and name
    int count_ = 0;
    std::set<std::string> announced_;
    Mark mark_;
    bool is_lost_ = false;
    bool was_in_conflict_ = false;
};

}  // namespace ittybit::store
