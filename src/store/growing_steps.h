#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "store/database.h"

/// For tests: how a database does a statement, and what of it would grow with a table.
namespace ittybit::store {

/// What may be walked through: what is small, and what is open at the moment (SQLite's words).
inline bool is_small_step(const std::string& step) {
    constexpr std::string_view kSmall[] = {
        "SCAN leases",
        "SCAN connections",
        "SCAN api_keys",
        "SCAN turns",
        "SCAN schema",
        "SCAN segments",  // those of jobs that are being worked on
        "SCAN workers",
        "SCAN open_uploads USING INDEX open_uploads_by_age",
        "SCAN jobs USING COVERING INDEX jobs_queued",   // counted once a second
        "SCAN jobs USING COVERING INDEX jobs_in_turn",  // as far as the first
        "SCAN jobs USING COVERING INDEX jobs_light_in_turn",
        "SCAN jobs USING COVERING INDEX jobs_available",  // as far as the first
        "SCAN jobs USING INDEX jobs_available",
        "SCAN deliveries USING INDEX deliveries_due",  // as far as the first
        "SCAN waiting",                                // keys, and receivers, of what waits
        "SCAN due",                                    // the webhooks that a claim takes
        "SCAN CONSTANT ROW",
        "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",  // of rows of the same millisecond
    };
    return std::ranges::any_of(kSmall, [&](std::string_view small) {
        return step.starts_with(small);
    });
}

inline std::vector<std::string> growing_steps_of_sqlite(Session& session, const std::string& sql) {
    std::vector<std::string> growing;
    const auto plan = session.run("EXPLAIN QUERY PLAN " + sql);
    EXPECT_TRUE(plan) << sql;
    if (!plan) return growing;
    bool was_small = false;
    for (const auto& row : *plan) {
        const auto& step = row.text(3);
        const bool is_sort =
            step.starts_with("USE TEMP B-TREE") && !was_small && !is_small_step(step);
        const bool is_walk = step.starts_with("SCAN") && !is_small_step(step);
        if (is_sort || is_walk) growing.push_back(step);
        was_small = is_small_step(step);
    }
    return growing;
}

/// Collects from a plan of PostgreSQL what is read from end to end: all tables but small ones, and
/// all indexes but those of what is open at the moment.
inline void collect_walks(const json::value& node, std::vector<std::string>& growing) {
    constexpr std::string_view kSmallTables[] = {
        "leases", "connections",  "api_keys", "turns",   "settings",
        "schema", "open_uploads", "segments", "workers",
    };
    constexpr std::string_view kSmallIndexes[] = {
        "jobs_queued",    "jobs_in_turn",     "jobs_available",         "jobs_light_in_turn",
        "deliveries_due", "deliveries_noted", "deliveries_of_receiver",
    };
    const auto is_among = [](const auto& names, const std::string& name) {
        return std::ranges::find(names, name) != std::end(names);
    };
    const auto type = string_at(node, "Node Type");
    const auto table = string_at(node, "Relation Name");
    const auto index = string_at(node, "Index Name");
    const bool has_bounds = !string_at(node, "Index Cond").empty();
    if (type == "Seq Scan" && !is_among(kSmallTables, table))
        growing.push_back(type + " on " + table);
    const bool is_whole_index = type.find("Index") != type.npos && !has_bounds;
    if (is_whole_index && !is_among(kSmallIndexes, index) && !is_among(kSmallTables, table)) {
        growing.push_back(type + " of " + index);
    }
    const auto* below = node.as_object().if_contains("Plans");
    if (below == nullptr) return;
    for (const auto& child : below->as_array()) collect_walks(child, growing);
}

/// As the server does a statement that it has prepared, whatever the values are.
inline std::vector<std::string> growing_steps_of_postgres(
    Session& session, const std::string& sql
) {
    std::vector<std::string> growing;
    int parameters = 0;
    while (sql.find(fmt::format("${}", parameters + 1)) != sql.npos) ++parameters;
    std::string values;
    for (int i = 0; i < parameters; ++i) values += i == 0 ? "(NULL" : ", NULL";
    if (parameters > 0) values += ")";
    EXPECT_TRUE(session.run("SET LOCAL plan_cache_mode = force_generic_plan"));
    // Tables are larger in life than in tests, where to read all of one is soon the cheapest.
    for (const auto* way : {"seqscan", "hashjoin", "mergejoin"}) {
        EXPECT_TRUE(session.run(fmt::format("SET LOCAL enable_{} = off", way)));
    }
    EXPECT_TRUE(session.run("PREPARE looked_at AS " + sql)) << sql;
    const auto plan = session.run("EXPLAIN (FORMAT JSON) EXECUTE looked_at" + values);
    EXPECT_TRUE(plan) << sql << (plan ? "" : plan.error().message);
    if (!plan) return growing;
    EXPECT_TRUE(session.run("DEALLOCATE looked_at"));
    const auto tree = parse_json(plan->front().text(0));
    EXPECT_TRUE(tree) << plan->front().text(0);
    if (tree) collect_walks(tree->as_array().front().at("Plan"), growing);
    return growing;
}

}  // namespace ittybit::store
