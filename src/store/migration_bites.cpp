#include "store/migration_bites.h"

#include <array>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "model/order.h"
#include "store/rows.h"
#include "store/side_tables.h"

namespace ittybit::store {
namespace {

constexpr std::int64_t kBite = 500;
const std::string kPlace = "migration";  // the setting that tells how far a bite came

/// A row of the first table of tasks, as the API shows a task.
Result<json::value> task_of(const Row& row) {
    constexpr std::array<std::string_view, 12> kNames = {
        "id",     "kind",  "status",     "progress",   "input",       "options",
        "output", "error", "created_at", "started_at", "finished_at", "updated_at",
    };
    json::object task{{"object", "task"}};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const auto name = kNames.at(i);
        if (row.is_null(i)) continue;
        if (i < 3) {
            task[name] = row.text(i);
        } else if (i == 3 || i > 7) {
            task[name] = row.integer(i);
        } else {
            auto value = parse_json(row.text(i));
            if (!value) {
                return std::move(value).error().in(
                    fmt::format("{} of {} in the database", name, row.text(0))
                );
            }
            task[name] = *std::move(value);
        }
    }
    return json::value(std::move(task));
}

json::object object_in(const Row& row, std::size_t column) {
    auto value = parse_json(row.text(column), 2 * kDeepestJson);
    return value && value->is_object() ? std::move(value->get_object()) : json::object();
}

/// The tasks of a job as its row holds them, or those that follow from it: their ids came right
/// behind the job's, whatever that ended in.
std::vector<Task> tasks_in(const Row& row) {
    if (!row.is_null(1)) {
        std::vector<Task> tasks;
        Reader reader;
        const auto parsed = parse_json(row.text(1), 2 * kDeepestJson);
        if (parsed) reader.read(*parsed, tasks);
        if (reader.problems().empty() && !tasks.empty()) return tasks;
    }
    Order order;
    std::vector<OptionProblem> unused;
    auto& output = order.outputs.emplace_back();
    order.input = {ExternalFile{.url = row.text(3)}};
    output.work = read_work(row.text(2), json::object(), unused);
    output.sent = object_in(row, 5);
    const auto request = object_in(row, 8);
    const auto given = [&](std::string_view name) {
        return request.contains(name) ? std::optional(string_at(request, name)) : std::nullopt;
    };
    output.place = {.url = given("output"), .connection = given("connection"), .name = {}};
    return waiting_tasks(order, row.text(0), row.integer(4));
}

Result<void> scatter_job(Session& session, const Row& row) {
    const auto& id = row.text(0);
    TRY(write_tasks(session, id, tasks_in(row)));
    for (const auto& label : labels_of(object_in(row, 6))) {
        TRY(session.run(
            "INSERT INTO labels (job_id, name, value) VALUES ($1, $2, $3)",
            {id, label.name, label.value}
        ));
    }
    if (row.text(9) == "processing") {
        TRY(session.run(
            "INSERT INTO leases (job_id, worker, attempt, beat) VALUES ($1, $2, $3, 0)",
            {id, row.text(10), row.integer(11)}
        ));
    }
    const auto kind = string_at(object_in(row, 7), "kind");
    TRY(session.run(
        "UPDATE jobs SET tasks = NULL, input_file = $2, error_kind = $3 WHERE id = $1",
        {id, value_of(file_named_by(row.text(3))), kind.empty() ? Value(nullptr) : Value(kind)}
    ));
    return {};
}

/// What a row that holds options, output and connection asks for, as an order.
json::object order_in(const Row& row) {
    const auto& kind = row.text(1);
    const auto request = object_in(row, 3);
    json::object output{{"kind", kind}, {"options", json::object()}};
    if (const auto* options = request.if_contains("options")) output["options"] = *options;
    if (const auto* place = request.if_contains("output")) {
        output["output"] = *place;
        if (kind == "export") output["options"] = {{"url", *place}};
    }
    json::object order{
        {"kind", kind},
        {"input", {{"object", "external_file"}, {"url", row.text(2)}}},
        {"outputs", json::array{std::move(output)}},
        {"metadata", object_in(row, 4)},
    };
    if (const auto* connection = request.if_contains("connection")) {
        order["connection"] = *connection;
    }
    if (!row.is_null(5)) order["webhook_url"] = row.text(5);
    return order;
}

/// A bite of all jobs: the rows behind where the last ended, with `columns` behind the id; none
/// when that was the last.
Result<Rows> bite_of_jobs(Session& session, std::string_view columns) {
    const auto place = TRY(session.run("SELECT value FROM settings WHERE name = $1", {kPlace}));
    auto rows = TRY(session.run(
        fmt::format("SELECT id, {} FROM jobs WHERE id > $1 ORDER BY id LIMIT $2", columns),
        {place.empty() ? std::string() : place.front().text(0), kBite}
    ));
    if (rows.empty()) {
        TRY(session.run("DELETE FROM settings WHERE name = $1", {kPlace}));
        return rows;
    }
    TRY(session.run(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET "
        "value = excluded.value",
        {kPlace, rows.back().text(0)}
    ));
    return rows;
}

}  // namespace

Result<bool> gather_tasks(Session& session) {
    for (const auto& job : TRY(session.run("SELECT id FROM jobs"))) {
        const auto& id = job.text(0);
        json::array tasks;
        const auto rows = TRY(session.run(
            "SELECT id, kind, status, progress, input, options, output, error, created_at, "
            "started_at, finished_at, updated_at FROM tasks WHERE job_id = $1 ORDER BY position",
            {id}
        ));
        for (const auto& row : rows) tasks.push_back(TRY(task_of(row)));
        TRY(session.run("UPDATE jobs SET tasks = $2 WHERE id = $1", {id, compact_json(tasks)}));
    }
    TRY(session.run("DROP TABLE tasks"));
    return true;
}

Result<bool> scatter_jobs(Session& session) {
    const auto rows = TRY(bite_of_jobs(
        session,
        "tasks, kind, input, created_at, options, metadata, error, request, status, worker, attempt"
    ));
    for (const auto& row : rows) TRY(scatter_job(session, row));
    return rows.empty();
}

Result<bool> write_orders(Session& session) {
    const auto rows = TRY(bite_of_jobs(session, "kind, input, request, metadata, webhook_url"));
    for (const auto& row : rows) {
        TRY(session.run(
            "UPDATE jobs SET request = $2 WHERE id = $1", {row.text(0), compact_json(order_in(row))}
        ));
    }
    return rows.empty();
}

Result<bool> name_receivers(Session& session) {
    const auto rows = TRY(session.run(
        "SELECT id, url FROM deliveries WHERE status = 'pending' AND receiver = '' AND "
        "url <> '' LIMIT $1",
        {kBite}
    ));
    for (const auto& row : rows) {
        TRY(session.run(
            "UPDATE deliveries SET receiver = $2 WHERE id = $1",
            {row.text(0), receiver_of(row.text(1))}
        ));
    }
    return rows.empty();
}

}  // namespace ittybit::store
