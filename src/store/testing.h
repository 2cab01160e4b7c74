#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/ids.h"
#include "store/records.h"
#include "store/sqlite.h"

/// What the store's tests share.
namespace ittybit::store {

inline constexpr UnixMillis kNow = 1'700'000'000'000;

/// Every statement that the stores of these tests have run: plans_test looks at how each is done.
class Statements {
public:
    void hear(std::string_view sql) {
        const std::lock_guard lock(mutex_);
        all_.emplace(sql);
    }
    std::set<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::set<std::string> all_;
};

inline Statements& statements() {
    static Statements all;
    return all;
}

inline Order order_for(const std::string& kind, const std::string& url, json::object sent = {}) {
    Order order;
    order.kind = kind;
    order.input = {ExternalFile{.url = url}};
    auto& output = order.outputs.emplace_back();
    std::vector<OptionProblem> unused;
    output.work = read_work(kind, json::object(), unused);
    output.sent = std::move(sent);
    return order;
}

inline JobRecord record_for(
    const std::string& kind, const std::string& url, json::object sent = {}, UnixMillis now = kNow
) {
    return JobRecord::make(order_for(kind, url, std::move(sent)), false, now);
}

/// A database of its own for each test, in a folder that the test removes.
struct Fixture {
    std::string folder;
    std::unique_ptr<Database> database;
};

inline Fixture open_sqlite() {
    const auto folder = std::filesystem::temp_directory_path() / ("ittybit-" + random_hex(64));
    std::filesystem::create_directory(folder);
    auto database = SqliteDatabase::open((folder / "test.db").string());
    EXPECT_TRUE(database);
    return {folder.string(), *std::move(database)};
}

}  // namespace ittybit::store
