#include "cli/interrupt.h"

#include <chrono>
#include <csignal>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

namespace ittybit::cli {
namespace {

using namespace std::chrono_literals;

TEST(Interrupt, AHangUpThatComesEarlyIsActedOnLater) {
    Interrupt interrupt;
    interrupt.keep_hang_ups();
    ::kill(::getpid(), SIGHUP);
    std::this_thread::sleep_for(50ms);
    std::counting_semaphore<> calls(0);
    interrupt.on_hang_up([&] { calls.release(); });
    EXPECT_TRUE(calls.try_acquire_for(5s));
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(calls.try_acquire_for(5s));
    EXPECT_FALSE(interrupt.token().stop_requested());
    interrupt.on_hang_up({});
}

TEST(Interrupt, AHangUpIsAStopRequestWhereNothingElseIsSaid) {
    Interrupt interrupt;
    std::binary_semaphore stopped(0);
    const std::stop_callback on_stop(interrupt.token(), [&] { stopped.release(); });
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(stopped.try_acquire_for(5s));
}

}  // namespace
}  // namespace ittybit::cli
