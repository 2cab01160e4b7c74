#include "work/slots.h"

#include <future>

#include <gtest/gtest.h>

#include "work/slow_input.h"

namespace ittybit::work {
namespace {

using std::chrono::milliseconds;

TEST(Slots, WhatIsLentServesAnotherAndIsTakenBackBeforeNewWork) {
    Slots slots(1, 1);
    Slots::Hold waiter(slots);
    ASSERT_TRUE(waiter.take({}));
    waiter.lend();
    auto second = std::make_unique<Slots::Hold>(slots);
    ASSERT_TRUE(second->take({}));
    EXPECT_FALSE(slots.wanted().stop_requested());
    const auto wanted = slots.wanted();
    auto back = std::async(std::launch::async, [&] { waiter.take_back({}); });
    while (!wanted.stop_requested()) std::this_thread::yield();
    Slots::Hold third(slots);
    std::stop_source stop;
    auto later = std::async(std::launch::async, [&] { return third.take(stop.get_token()); });
    second.reset();
    back.get();
    EXPECT_EQ(later.wait_for(milliseconds(50)), std::future_status::timeout);
    stop.request_stop();
    EXPECT_FALSE(later.get());
}

TEST(Slots, OnlySoManyWaitBeside) {
    Slots slots(2, 1);
    Slots::Hold one(slots);
    Slots::Hold two(slots);
    ASSERT_TRUE(one.take({}) && two.take({}));
    one.lend();
    two.lend();  // too many: it keeps its own
    Slots::Hold three(slots);
    ASSERT_TRUE(three.take({}));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(Slots::Hold(slots).take(stop.get_token()));
    one.take_back(stop.get_token());  // there is none; it ends without
}

TEST(SlowInput, LendsItsSlotOnlyWhileItIsSlow) {
    Slots slots(1, 1);
    Slots::Hold hold(slots);
    ASSERT_TRUE(hold.take({}));
    SlowInput input(hold, {.bytes_per_second = 1000, .seconds = 0.05});
    std::int64_t came = 0;
    const auto is_free = [&] {
        std::stop_source stop;
        stop.request_stop();
        return Slots::Hold(slots).take(stop.get_token());
    };
    input.begin([&] { return came; });
    input.look();
    EXPECT_FALSE(is_free());  // not judged yet
    std::this_thread::sleep_for(milliseconds(60));
    input.look();
    EXPECT_TRUE(is_free());
    input.end({});
    EXPECT_FALSE(is_free());
    input.begin([&] { return came; });
    std::this_thread::sleep_for(milliseconds(60));
    came += 1'000'000;
    input.look();
    EXPECT_FALSE(is_free());
    input.end({});
}

TEST(Slots, WhoOnlyWaitsForWorkIsAnIdleNeighbour) {
    Slots slots(2, 0);
    Slots::Hold one(slots);
    ASSERT_TRUE(one.take({}));
    EXPECT_TRUE(one.has_idle_neighbour()) << "nobody has the other one";
    Slots::Hold other(slots);
    ASSERT_TRUE(other.take({}));
    EXPECT_FALSE(one.has_idle_neighbour());
    const Slots::Idle idle(slots);
    EXPECT_TRUE(one.has_idle_neighbour());
}

}  // namespace
}  // namespace ittybit::work
