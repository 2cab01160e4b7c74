#include "base/crew.h"

#include <atomic>
#include <chrono>
#include <semaphore>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/linked_stop.h"

namespace ittybit {
namespace {

constexpr std::size_t kAny = 1000;

TEST(Crew, DoesAllThatItIsGiven) {
    Crew<int, int> crew(3, [](const int& item, const std::stop_token&) -> Result<int> {
        return item * 2;
    });
    for (const int item : {1, 2, 3, 4, 5}) ASSERT_TRUE(crew.give(item, kAny, {}));
    ASSERT_TRUE(crew.finish({}));
    EXPECT_THAT(crew.made(), testing::UnorderedElementsAre(2, 4, 6, 8, 10));
}

TEST(Crew, TheFirstErrorEndsItAll) {
    Crew<int, int> crew(1, [](const int& item, const std::stop_token&) -> Result<int> {
        if (item == 2) return Error{ErrorKind::kUploadFailed, "two", ""};
        return item;
    });
    ASSERT_TRUE(crew.give(1, kAny, {}));
    ASSERT_TRUE(crew.give(2, kAny, {}));
    const auto finished = crew.finish({});
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().message, "two");
    const auto given = crew.give(3, kAny, {});
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().message, "two");
    EXPECT_THAT(crew.made(), testing::ElementsAre(1));
}

TEST(Crew, WhoGivesWaitsWhileTooManyAreUnderWay) {
    std::counting_semaphore<> go(0);
    Crew<int, int> crew(2, [&go](const int& item, const std::stop_token&) -> Result<int> {
        go.acquire();
        return item;
    });
    ASSERT_TRUE(crew.give(1, 2, {}));
    ASSERT_TRUE(crew.give(2, 2, {}));
    std::atomic<bool> is_taken = false;
    std::jthread giver([&] { is_taken = static_cast<bool>(crew.give(3, 2, {})); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(is_taken);
    go.release(3);
    giver.join();
    EXPECT_TRUE(is_taken);
    EXPECT_TRUE(crew.finish({}));
}

TEST(Crew, AStopEndsWaitingAndDropsWhatWaits) {
    std::binary_semaphore begun(0);
    std::atomic<int> done = 0;
    Crew<int, int> crew(1, [&](const int& item, const std::stop_token& stop) -> Result<int> {
        begun.release();
        while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++done;
        return item;
    });
    ASSERT_TRUE(crew.give(1, kAny, {}));
    ASSERT_TRUE(crew.give(2, kAny, {}));
    begun.acquire();
    std::stop_source outer;
    outer.request_stop();
    const auto finished = crew.finish(outer.get_token());
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().kind, ErrorKind::kCancelled);
    crew.stop();
    EXPECT_EQ(done, 1);
}

TEST(LinkedStop, IsStoppedByTheOuterOneAndNotTheOtherWayRound) {
    std::stop_source outer;
    LinkedStop one(outer.get_token());
    const LinkedStop two(outer.get_token());
    one.request_stop();
    EXPECT_TRUE(one.stop_requested());
    EXPECT_FALSE(outer.stop_requested());
    EXPECT_FALSE(two.stop_requested());
    outer.request_stop();
    EXPECT_TRUE(two.get_token().stop_requested());
}

}  // namespace
}  // namespace ittybit
