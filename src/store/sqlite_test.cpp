// What holds for SQLite alone: its file over time, and other processes on it.

#include "store/sqlite.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/migrations.h"
#include "store/side_tables.h"
#include "store/testing.h"

namespace ittybit::store {
namespace {

TEST(Sqlite, AnotherProcessOnTheFileWakesUsAndOurOwnWritesDoNot) {
    auto fixture = open_sqlite();
    ASSERT_TRUE(migrate(*fixture.database));
    auto other = SqliteDatabase::open(fixture.folder + "/test.db");
    ASSERT_TRUE(other);
    auto news = fixture.database->changes().subscribe({"anything"});
    const auto write = [](Database& database, int number) {
        const auto id = std::to_string(number);
        ASSERT_TRUE(KeyTable(database).add({id, "n", id, "h", kNow}));
    };
    for (int i = 0; i < 10; ++i) {
        write(*fixture.database, i);
        EXPECT_FALSE(news->wait(std::chrono::milliseconds(60), {}));
    }
    write(**other, 100);
    ASSERT_TRUE(news->wait(std::chrono::seconds(10), {}));
    EXPECT_EQ(news->take().front().topic, "");
    news.reset();  // before what it listens to
    other->reset();
    fixture.database.reset();
    std::filesystem::remove_all(fixture.folder);
}

/// The level of syncing at which `work` commits: 2 is FULL.
Result<std::int64_t> level_in(Session& session, std::string_view who) {
    // SQLite answers when it prepares a statement, and ours are kept: each has words of its own.
    const auto rows = TRY(session.run(fmt::format("PRAGMA synchronous -- {}", who)));
    return rows.front().integer(0);
}

TEST(Sqlite, WhatIsWrittenIsSyncedWhateverWasTidiedBefore) {
    auto fixture = open_sqlite();
    auto& database = *fixture.database;
    const auto level = [](std::string_view who) {
        return [who](Session& session) { return level_in(session, who); };
    };
    EXPECT_EQ(*writing(database, level("first")), 2);
    EXPECT_EQ(*tidying(database, level("tidying")), 1);
    EXPECT_EQ(*writing(database, level("after")), 2);
    fixture.close();
}

TEST(Sqlite, WhoTidiesHasItsTurnHoweverMuchOthersWrite) {
    constexpr int kMost = 10'000;
    auto fixture = open_sqlite();
    auto& database = *fixture.database;
    const auto nothing = [](Session&) -> Result<void> { return {}; };
    std::atomic<bool> is_tidied = false;
    int writes = 0;
    std::promise<void> ended;
    // Whenever one is done the next is there already.
    const std::function<void()> write_again = [&] {
        database.write_later(nothing, [&](const Result<void>&) {
            if (++writes == kMost || is_tidied) return ended.set_value();
            write_again();
        });
    };
    write_again();
    EXPECT_TRUE(database.tidy(nothing));
    is_tidied = true;
    ended.get_future().wait();
    EXPECT_LT(writes, kMost);
    fixture.close();
}

}  // namespace
}  // namespace ittybit::store
