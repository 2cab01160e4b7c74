#include "store/postgres_connection.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/ids.h"
#include "store/postgres_text.h"

namespace ittybit::store {
namespace {

/// What PQftype says (pg_type.dat).
constexpr Oid kBool = 16;
constexpr std::array<Oid, 3> kIntegers = {20, 21, 23};

Value column(const PGresult* result, int row, int index) {
    if (PQgetisnull(result, row, index) != 0) return nullptr;
    const std::string_view text(
        PQgetvalue(result, row, index), static_cast<std::size_t>(PQgetlength(result, row, index))
    );
    const auto type = PQftype(result, index);
    if (type == kBool) return std::int64_t{text == "t"};
    if (std::ranges::find(kIntegers, type) == kIntegers.end()) return from_postgres(text);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Rows rows_of(const PGresult* result) {
    Rows rows;
    rows.reserve(static_cast<std::size_t>(PQntuples(result)));
    for (int row = 0; row < PQntuples(result); ++row) {
        Values columns;
        columns.reserve(static_cast<std::size_t>(PQnfields(result)));
        for (int i = 0; i < PQnfields(result); ++i) columns.push_back(column(result, row, i));
        rows.emplace_back(std::move(columns));
    }
    return rows;
}

std::optional<std::string> text_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return to_postgres(*text);
    return std::nullopt;
}

/// A commit that was not answered may have happened or not. Whether it did is told by the last mark
/// of its connection. (Not by its transaction id, which a server that crashed may give away again.)
constexpr std::string_view kMarks =
    "CREATE TABLE IF NOT EXISTS commits (connection TEXT PRIMARY KEY, number BIGINT NOT NULL, "
    "written_at TIMESTAMPTZ NOT NULL)";
constexpr std::string_view kLeaveMark =
    "INSERT INTO commits (connection, number, written_at) VALUES ($1, $2, now()) ON CONFLICT "
    "(connection) DO UPDATE SET number = excluded.number, written_at = excluded.written_at";
/// Waits for the lock of whoever may still be committing.
constexpr std::string_view kLookAtMark =
    "INSERT INTO commits (connection, number, written_at) VALUES ($1, 0, now()) ON CONFLICT "
    "(connection) DO UPDATE SET written_at = excluded.written_at RETURNING number";

/// libpq's words without the line's end.
std::string words_of(const char* message) {
    std::string words = message != nullptr ? message : "";
    while (!words.empty() && words.back() == '\n') words.pop_back();
    return words;
}

bool is_success(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/// Errors after which a server is of no use for now, though it may have answered: it goes down or
/// comes up, is full, or became a standby (PostgreSQL, appendix A).
bool says_goodbye(std::string_view code) {
    return code.starts_with("08") || code.starts_with("57P") || code == "53300" ||
           code == "25006" || code == "25P03";
}

}  // namespace

Result<PostgresHandle> connect_postgres(const std::string& url) {
    // In this order: what the URL says goes before what stands in front of it.
    constexpr std::array kNames = {
        "connect_timeout",  "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
        "dbname",           "client_encoding",
    };
    const std::array kGiven = {
        "5", "10", "5", "3", "20000", "ittybit", url.c_str(), "UTF8",
    };
    std::array<const char*, kNames.size() + 1> names{};
    std::array<const char*, kNames.size() + 1> values{};
    std::ranges::copy(kNames, names.begin());
    std::ranges::copy(kGiven, values.begin());
    PostgresHandle handle(PQconnectdbParams(names.data(), values.data(), 1));
    if (PQstatus(handle.get()) == CONNECTION_OK) {
        PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);
        return handle;
    }
    return Error{
        ErrorKind::kUnavailable,
        fmt::format("the database cannot be reached: {}", words_of(PQerrorMessage(handle.get()))),
        "database"
    };
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& url) {
    auto handle = TRY(connect_postgres(url));
    // A process that stands still within a transaction must not hold others up for long; whatever
    // the role is set to, nothing is cut off that would be the same when it is tried again.
    const PostgresResult set(PQexec(
        handle.get(),
        "SET idle_in_transaction_session_timeout = '15s'; SET statement_timeout = 0; "
        "SET lock_timeout = 0"
    ));
    std::unique_ptr<PostgresConnection> connection(new PostgresConnection(std::move(handle)));
    if (!is_success(set.get()) || PQenterPipelineMode(connection->handle_.get()) != 1) {
        return connection->failed(set.get());
    }
    return connection;
}

PostgresConnection::PostgresConnection(PostgresHandle handle)
    : handle_(std::move(handle)), mark_{random_hex(128), 0} {}

void PostgresConnection::begin() {
    announced_.clear();
    was_in_conflict_ = false;
}

Result<void> PostgresConnection::prepare_server() {
    send("BEGIN");
    TRY(run("SELECT pg_advisory_xact_lock(7881663261)"));  // two at once would collide
    TRY(run(kMarks));
    return commit();
}

void PostgresConnection::begin_writing() {
    begin();
    ++mark_.number;
    send("BEGIN");
    send(kLeaveMark, {mark_.connection, mark_.number});
}

Result<bool> PostgresConnection::holds(const Mark& mark) {
    send("SET LOCAL lock_timeout = '10s'");
    const auto rows = TRY(run(kLookAtMark, {mark.connection}));
    return rows.front().integer(0) == mark.number;
}

void PostgresConnection::begin_reading() {
    begin();
    send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

/// In a transaction that failed COMMIT rolls back, and says so only by its name. What failed on the
/// way there keeps it from being run at all.
Result<void> PostgresConnection::commit() {
    send("COMMIT");
    const auto answer = answers();
    if (!answer) {
        if (!is_lost_) roll_back();
        return answer.error();
    }
    if (std::string_view(PQcmdStatus(answer->get())) == "COMMIT") return {};
    return Error{ErrorKind::kInternalError, "database: the transaction had failed", "database"};
}

void PostgresConnection::roll_back() {
    send("ROLLBACK");
    static_cast<void>(answers());
}

Result<Rows> PostgresConnection::run(std::string_view sql, const Values& values) {
    send(sql, values);
    const auto answer = TRY(answers());
    return rows_of(answer.get());
}

Result<void> PostgresConnection::run_along(std::string_view sql, const Values& values) {
    send(sql, values);
    return {};
}

void PostgresConnection::send(std::string_view sql) {
    PQsendQueryParams(
        handle_.get(), std::string(sql).c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0
    );
    sent_.emplace_back();
}

void PostgresConnection::send(std::string_view sql, const Values& values) {
    const auto name = prepare(sql);
    std::vector<std::optional<std::string>> texts(values.size());
    std::ranges::transform(values, texts.begin(), text_of);
    std::vector<const char*> pointers;
    for (const auto& text : texts) pointers.push_back(text ? text->c_str() : nullptr);
    PQsendQueryPrepared(
        handle_.get(), name.c_str(), static_cast<int>(pointers.size()), pointers.data(), nullptr,
        nullptr, 0
    );
    sent_.emplace_back();
}

/// The name of a statement that is prepared, or will be when what is sent next arrives.
std::string PostgresConnection::prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
    const auto on_its_way = std::ranges::find(sent_, sql, &Sent::prepared);
    if (on_its_way != sent_.end()) return on_its_way->name;
    const auto& sent = sent_.emplace_back(std::string(sql), fmt::format("s{}", ++count_));
    PQsendPrepare(handle_.get(), sent.name.c_str(), sent.prepared.c_str(), 0, nullptr);
    return sent.name;
}

Result<PostgresResult> PostgresConnection::answers() {
    PostgresResult last;
    std::optional<Error> error;
    const bool is_sent = PQpipelineSync(handle_.get()) == 1;
    for (auto& sent : std::exchange(sent_, {})) {
        PostgresResult answer(is_sent ? PQgetResult(handle_.get()) : nullptr);
        // Each answer ends with a null.
        while (answer && PostgresResult(PQgetResult(handle_.get()))) continue;
        if (!is_success(answer.get())) {
            if (!error) error = failed(answer.get());
        } else if (!sent.prepared.empty()) {
            statements_.emplace(std::move(sent.prepared), std::move(sent.name));
        } else {
            last = std::move(answer);
        }
    }
    const PostgresResult sync(is_sent ? PQgetResult(handle_.get()) : nullptr);
    if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC && !error) error = failed(sync.get());
    if (error) return *std::move(error);
    return last;
}

Error PostgresConnection::failed(const PGresult* result) {
    const char* field = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    const std::string_view code = field != nullptr ? field : "";
    const auto words = words_of(
        code.empty() ? PQerrorMessage(handle_.get())
                     : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
    );
    is_lost_ =
        is_lost_ || code.empty() || says_goodbye(code) || PQstatus(handle_.get()) == CONNECTION_BAD;
    // serialization_failure, deadlock_detected, lock_not_available; and unique_violation: what
    // was there a moment later than it was looked for is found by the next try.
    const bool is_conflict =
        code == "40001" || code == "40P01" || code == "55P03" || code == "23505";
    was_in_conflict_ = was_in_conflict_ || is_conflict;
    if (is_lost_) {
        return {
            ErrorKind::kUnavailable, fmt::format("the database went away: {}", words), "database"
        };
    }
    if (is_conflict) {
        return {ErrorKind::kUnavailable, "the database is busy: try again", "database"};
    }
    if (code == "53100") {
        return {ErrorKind::kDiskFull, "the disk that holds the database is full", "database"};
    }
    return {ErrorKind::kInternalError, fmt::format("database: {} ({})", words, code), "database"};
}

}  // namespace ittybit::store
