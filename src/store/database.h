#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/changes.h"

/// Durable rows: jobs, tasks and all the service must not forget, behind one small seam over SQL
/// databases. Knows values (model), no bytes of media, no HTTP.
namespace ittybit::store {

/// What a column or a parameter can hold. JSON is text, truth is 0 or 1, time is milliseconds.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string>;
using Values = std::vector<Value>;

/// One row of an answer, columns by position. A null reads as 0 or "".
class Row {
public:
    explicit Row(Values values) : values_(std::move(values)) {}
    std::size_t size() const { return values_.size(); }
    const Value& value(std::size_t column) const { return values_.at(column); }
    bool is_null(std::size_t column) const;
    std::int64_t integer(std::size_t column) const;
    const std::string& text(std::size_t column) const;
    std::optional<std::int64_t> optional_integer(std::size_t column) const;
    std::optional<std::string> optional_text(std::size_t column) const;

private:
    Values values_;
};
using Rows = std::vector<Row>;

template <typename T>
Value value_of(const std::optional<T>& value) {
    if (!value) return nullptr;
    if constexpr (std::is_integral_v<T>) {
        return static_cast<std::int64_t>(*value);
    } else {
        return *value;
    }
}

/// One transaction in progress.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// Runs one statement; parameters are `$1`, `$2` … in `sql`. Statements are prepared once and
    /// kept, so `sql` should come from a small set of texts.
    virtual Result<Rows> run(std::string_view sql, const Values& values = {}) = 0;

    /// The same for one whose rows nobody needs: it may travel with the next statement, or the end
    /// of the transaction, which then tells its error.
    virtual Result<void> run_along(std::string_view sql, const Values& values = {}) {
        TRY(run(sql, values));
        return {};
    }

    /// Once this transaction is durable, whoever waits for this topic is woken.
    virtual void announce(std::string_view topic) = 0;
};

/// Where the SQL of the two databases differs.
struct Dialect {
    /// What the inner select of a claim ends with, so that claims do not wait for each other.
    std::string_view skip_locked;
    /// Whether nobody else takes the turn of key $1 in a transaction of this moment; from now on it
    /// is ours to take.
    std::string_view nobody_takes;
    /// The type of texts that are compared byte by byte.
    std::string_view text;
    /// Run first in a transaction that migrates: one process at a time. "": there is no other.
    std::string_view migrate_alone;
};

/// A SQL database. Safe from any thread. Statements are written in the SQL that SQLite and
/// PostgreSQL share; what differs is in `dialect`.
class Database {
public:
    /// Work may run more than once, until a transaction of it stands: what it leaves behind
    /// outside must be that of its last run alone.
    using Work = std::function<Result<void>(Session&)>;
    using Done = std::function<void(Result<void>)>;

    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    virtual ~Database() = default;

    /// Runs `work` in one transaction and then tells `done` what it came to: that it is durable, or
    /// an error, and then nothing of it remains. Both run on a thread of the database, maybe before
    /// this returns; they must not wait, and so not write. What is written at the same moment may
    /// share a commit.
    virtual void write_later(Work work, Done done) = 0;

    /// The same for those who wait: durable when this returns.
    Result<void> write(const Work& work);

    /// The same for maintenance, which would only do again what a power cut undoes: it lets others
    /// go before it, and need not be durable before the next write is.
    virtual Result<void> tidy(const Work& work) { return write(work); }

    /// Runs `work` on one consistent snapshot. It must not write.
    virtual Result<void> read(const Work& work) = 0;

    /// What was announced, of this process at once; of others soon: what, or that there was
    /// something.
    virtual Changes& changes() = 0;

    virtual const Dialect& dialect() const = 0;

    /// The time that all who work on this database agree on.
    virtual const Clock& clock() const = 0;

    /// Whether the database is whole. Errors: `unavailable`, saying what is wrong with it.
    virtual Result<void> check() = 0;

    /// Gives space back that is not needed any more. Called now and then by the janitor.
    virtual Result<void> maintain() = 0;

protected:
    /// Without exceptions: one that ends a thread of the database would end the service.
    static Result<void> attempt(const Work& work, Session& session);
    static void tell(const Done& done, Result<void> outcome);
};

/// Has `run` run `work`, which gives a Result of a value; gives that value.
template <typename Run, typename Work>
auto valued(const Run& run, const Work& work) -> std::invoke_result_t<Work, Session&> {
    std::optional<std::invoke_result_t<Work, Session&>> value;
    auto outcome = run([&](Session& session) -> Result<void> {
        if (value.emplace(work(session))) return {};
        return value->error();
    });
    if (!outcome) return std::move(outcome).error();
    return *std::move(value);
}

/// Database::read, write and tidy for work that gives a value.
template <typename Work>
auto reading(Database& database, const Work& work) {
    return valued([&](const Database::Work& it) { return database.read(it); }, work);
}
template <typename Work>
auto writing(Database& database, const Work& work) {
    return valued([&](const Database::Work& it) { return database.write(it); }, work);
}
template <typename Work>
auto tidying(Database& database, const Work& work) {
    return valued([&](const Database::Work& it) { return database.tidy(it); }, work);
}

}  // namespace ittybit::store
