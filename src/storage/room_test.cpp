#include "storage/room.h"

#include <future>
#include <utility>

#include <gtest/gtest.h>

#include "base/disk.h"

namespace ittybit::storage {
namespace {

/// Others write to this disk meanwhile: what is asked for is far from its edges.
class RoomTest : public testing::Test {
protected:
    const std::string folder = testing::TempDir();
    const std::int64_t all = room_on_disk(folder, 0);
    Room room{folder, 0};
};

TEST_F(RoomTest, GivesWhatThereIsAndNoMore) {
    auto share = room.open();
    EXPECT_TRUE(share.take(all / 2, {}));
    EXPECT_TRUE(share.wait_for(1, {}));
    const auto more = share.take(all * 2, {});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::kDiskFull);
}

TEST_F(RoomTest, RefusesAtOnceWhatNoWaitingWouldHelp) {
    auto other = room.open();
    ASSERT_TRUE(other.take(all / 2, {}));
    auto share = room.open();
    EXPECT_TRUE(share.expect(all / 4 * 3));
    EXPECT_EQ(share.expect(all * 2).error().kind, ErrorKind::kDiskFull);
}

TEST_F(RoomTest, WaitsForTheEndOfOthers) {
    auto first = room.open();
    ASSERT_TRUE(first.take(all / 2, {}));
    auto second = room.open();
    auto taken = std::async(std::launch::async, [&] { return second.take(all / 4 * 3, {}); });
    EXPECT_EQ(taken.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    first = Room::Share();
    EXPECT_TRUE(taken.get());
}

TEST_F(RoomTest, WhatAnOriginClaimsStallsNobody) {
    auto liar = room.open();
    ASSERT_TRUE(liar.expect(all / 10 * 9));
    ASSERT_TRUE(liar.take(2000, {}));
    auto honest = room.open();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(honest.take(all / 2, {}));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(RoomTest, AnOlderInputIsKeptWhatItHasEarned) {
    auto older = room.open();
    ASSERT_TRUE(older.expect(all / 10 * 8));
    ASSERT_TRUE(older.take(all / 10, {}));
    auto younger = room.open();
    auto taken = std::async(std::launch::async, [&] { return younger.take(all / 10 * 3, {}); });
    EXPECT_EQ(taken.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    EXPECT_TRUE(older.take(all / 10 * 7, {}));
    older = Room::Share();
    EXPECT_TRUE(taken.get());
}

TEST_F(RoomTest, WhereAllWaitForEachOtherTheYoungestGivesWay) {
    auto older = room.open();
    auto younger = room.open();
    auto drip = room.open();  // at work, and of no help
    ASSERT_TRUE(drip.take(2000, {}));
    for (auto* share : {&older, &younger}) {
        ASSERT_TRUE(share->expect(all / 10 * 8));
        ASSERT_TRUE(share->take(all / 20, {}));
    }
    ASSERT_TRUE(younger.take(all / 10 * 4, {}));
    auto first = std::async(std::launch::async, [&] { return older.take(all / 10 * 6, {}); });
    EXPECT_EQ(first.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    const auto second = younger.take(all / 10 * 6, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::kDiskFull);
    younger = Room::Share();
    EXPECT_TRUE(first.get());
}

TEST_F(RoomTest, WhatTheEndOfOthersWaitsForDoesNotWaitForThem) {
    auto input = room.open();
    ASSERT_TRUE(input.take(all / 2, {}));
    for (const auto use : {Room::Use::kCopy, Room::Use::kOutput}) {
        auto share = room.open(use);
        EXPECT_TRUE(share.take(all / 10, {}));
        auto more = std::async(std::launch::async, [&] { return share.take(all / 4 * 3, {}); });
        const bool is_prompt = more.wait_for(std::chrono::seconds(1)) == std::future_status::ready;
        EXPECT_TRUE(is_prompt);
        if (!is_prompt) input = Room::Share();
        EXPECT_EQ(more.get().error().kind, ErrorKind::kDiskFull);
    }
}

TEST_F(RoomTest, OutputsHaveTheRoomThatInputsLeave) {
    Room with_margin(folder, all / 8);  // so much is kept, and as much for outputs
    const auto margin = all - room_on_disk(folder, all / 8);
    const auto left = all - 2 * margin;
    EXPECT_FALSE(with_margin.open(Room::Use::kCopy).take(left + margin / 2, {}));
    EXPECT_TRUE(with_margin.open(Room::Use::kOutput).take(left + margin / 2, {}));
    EXPECT_FALSE(with_margin.open(Room::Use::kOutput).take(left + margin * 2, {}));
}

TEST_F(RoomTest, AnInputDoesNotWaitForTheEndOfOutputs) {
    auto output = room.open(Room::Use::kOutput);
    ASSERT_TRUE(output.take(all / 2, {}));
    auto input = room.open();
    ASSERT_TRUE(input.take(all / 10, {}));
    const auto more = input.take(all / 4 * 3, {});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::kDiskFull);
}

TEST_F(RoomTest, StopsWaitingWhenCancelled) {
    auto first = room.open();
    ASSERT_TRUE(first.take(all / 2, {}));
    std::stop_source stop;
    stop.request_stop();
    auto second = room.open();
    const auto taken = second.take(all / 4 * 3, stop.get_token());
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::kCancelled);
}

TEST_F(RoomTest, CountsWhatIsWrittenOnce) {
    auto share = room.open();
    ASSERT_TRUE(share.take(all / 2, {}));
    share.wrote(all / 2);  // as if: the disk itself does not know of it
    EXPECT_TRUE(share.take(all / 4 * 3, {}));
}

TEST_F(RoomTest, KeepsAtMostATenthOfTheDiskFree) {
    constexpr std::int64_t kVast = std::int64_t{1} << 60U;
    EXPECT_LT(room_on_disk(folder, kVast), all);
    EXPECT_GT(room_on_disk(folder, kVast), all - kVast / 2);
    EXPECT_EQ(room_on_disk("/nonexistent", 0), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace ittybit::storage
