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
    const auto share = room.reserve(all / 2, {});
    ASSERT_TRUE(share) << share.error().message;
    EXPECT_TRUE(room.wait_for(1, {}));
    const auto more = room.wait_for(all * 2, {});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, "disk_full");
}

TEST_F(RoomTest, RefusesAtOnceWhatNoWaitingWouldHelp) {
    const auto share = room.reserve(all / 2, {});
    ASSERT_TRUE(share);
    const auto never = room.reserve(all * 2, {});
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().kind, "disk_full");
}

TEST_F(RoomTest, WaitsForTheEndOfOthers) {
    auto first = room.reserve(all / 2, {});
    ASSERT_TRUE(first);
    auto second = std::async(std::launch::async, [&] { return room.reserve(all / 4 * 3, {}); });
    EXPECT_EQ(second.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    first = Room::Share();
    EXPECT_TRUE(second.get());
}

TEST_F(RoomTest, LetsWhatNeedsNoShareWaitToo) {
    auto first = room.reserve(all / 2, {});
    ASSERT_TRUE(first);
    auto second = std::async(std::launch::async, [&] { return room.wait_for(all / 4 * 3, {}); });
    EXPECT_EQ(second.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    first = Room::Share();
    EXPECT_TRUE(second.get());
}

TEST_F(RoomTest, StopsWaitingWhenCancelled) {
    const auto first = room.reserve(all / 2, {});
    std::stop_source stop;
    stop.request_stop();
    const auto second = room.reserve(all / 4 * 3, stop.get_token());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, "cancelled");
}

TEST_F(RoomTest, CountsWhatIsWrittenOnce) {
    auto first = room.reserve(all / 2, {});
    ASSERT_TRUE(first);
    first->wrote(all / 2);  // as if: the disk itself does not know of it
    EXPECT_TRUE(room.wait_for(all / 4 * 3, {}));
}

TEST_F(RoomTest, KeepsAtMostATenthOfTheDiskFree) {
    constexpr std::int64_t kVast = std::int64_t{1} << 60U;
    EXPECT_LT(room_on_disk(folder, kVast), all);
    EXPECT_GT(room_on_disk(folder, kVast), all - kVast / 2);
    EXPECT_EQ(room_on_disk("/nonexistent", 0), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace ittybit::storage
