// What holds for SQLite alone: its file over time, and other processes on it.

#include "store/sqlite.h"

#include <filesystem>
#include <string>

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

}  // namespace
}  // namespace ittybit::store
