#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/ids.h"
#include "store/sqlite.h"

/// What the store's tests share.
namespace ittybit::store {

inline constexpr UnixMillis kNow = 1'700'000'000'000;

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
