#include "store/copying.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ittybit::store {
namespace {

constexpr std::int64_t kRowsAtOnce = 100;  // PostgreSQL takes 65,535 parameters a statement

struct Table {
    std::string name;
    std::vector<std::string> columns;
};

/// All tables of SQLite's but the one that both databases have filled: the number of the schema.
Result<std::vector<Table>> tables_of(Session& session) {
    std::vector<Table> tables;
    const auto names = TRY(session.run(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema' AND name NOT "
        "LIKE 'sqlite_%' ORDER BY name"
    ));
    for (const auto& row : names) {
        Table table{row.text(0), {}};
        const auto columns =
            TRY(session.run("SELECT name FROM pragma_table_info($1)", {table.name}));
        for (const auto& column : columns) table.columns.push_back(column.text(0));
        tables.push_back(std::move(table));
    }
    return tables;
}

/// "($1, $2), ($3, $4)".
std::string places_for(std::size_t rows, std::size_t columns) {
    std::vector<std::string> lines;
    for (std::size_t row = 0; row < rows; ++row) {
        std::vector<std::string> places;
        for (std::size_t i = 1; i <= columns; ++i)
            places.push_back(fmt::format("${}", row * columns + i));
        lines.push_back(fmt::format("({})", fmt::join(places, ", ")));
    }
    return fmt::format("{}", fmt::join(lines, ", "));
}

Result<> insert(Session& session, const Table& table, const Rows& rows) {
    const auto columns = table.columns.size();
    Values values;
    for (const auto& row : rows) {
        for (std::size_t i = 1; i <= columns; ++i) values.push_back(row.value(i));
    }
    TRY(session.run(
        fmt::format(
            "INSERT INTO {} ({}) VALUES {}", table.name, fmt::join(table.columns, ", "),
            places_for(rows.size(), columns)
        ),
        values
    ));
    return {};
}

Result<> check_empty(Session& session, const Table& table) {
    const auto rows = TRY(session.run(fmt::format("SELECT 1 FROM {} LIMIT 1", table.name)));
    if (rows.empty()) return {};
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("the database is in use: its table {} has rows. Give an empty one", table.name),
        "to"
    };
}

Result<std::int64_t> copy_table(Database& from, Session& to, const Table& table) {
    const auto select = fmt::format(
        "SELECT rowid, {} FROM {} WHERE rowid > $1 ORDER BY rowid LIMIT {}",
        fmt::join(table.columns, ", "), table.name, kRowsAtOnce
    );
    std::int64_t count = 0;
    std::int64_t last = 0;
    while (true) {
        const auto rows =
            TRY(reading(from, [&](Session& session) { return session.run(select, {last}); }));
        if (rows.empty()) return count;
        TRY(insert(to, table, rows));
        count += static_cast<std::int64_t>(rows.size());
        last = rows.back().integer(0);
    }
}

}  // namespace

Result<std::int64_t> copy_rows(Database& from, Database& to) {
    const auto tables = TRY(reading(from, tables_of));
    return writing(to, [&](Session& session) -> Result<std::int64_t> {
        std::int64_t count = 0;
        for (const auto& table : tables) TRY(check_empty(session, table));
        for (const auto& table : tables) count += TRY(copy_table(from, session, table));
        return count;
    });
}

}  // namespace ittybit::store
