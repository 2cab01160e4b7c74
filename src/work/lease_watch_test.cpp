#include "work/lease_watch.h"

#include <gtest/gtest.h>

namespace ittybit::work {
namespace {

using std::chrono::seconds;

class Watching : public testing::Test {
protected:
    /// How many are lost, a look each second.
    std::size_t look(const std::vector<store::Lease>& leases, int times = 1) {
        std::size_t lost = 0;
        for (int i = 0; i < times; ++i) lost = watch_.lost(leases, now_ += seconds(1)).size();
        return lost;
    }

    LeaseWatch watch_;
    LeaseWatch::Steady::time_point now_{std::chrono::hours(5)};
    store::Lease lease_{{"job_1", "worker-1", 1}, 0};
};

TEST_F(Watching, ALeaseIsLostAfterFifteenSecondsWithoutABeat) {
    EXPECT_EQ(look({lease_}, 15), 0U);
    EXPECT_EQ(look({lease_}), 1U);
    EXPECT_EQ(look({lease_}), 1U) << "until it is gone";
    EXPECT_EQ(look({}), 0U);
}

TEST_F(Watching, EachBeatBeginsAnew) {
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(look({lease_}, 14), 0U);
        ++lease_.beat;
    }
}

TEST_F(Watching, ANewClaimOfTheSameJobIsNotTheOldOne) {
    look({lease_}, 15);
    lease_.claim.attempt = 2;
    EXPECT_EQ(look({lease_}, 15), 0U);
}

TEST_F(Watching, WhoWasStoppedHimselfTakesNothingAway) {
    look({lease_}, 5);
    now_ += std::chrono::hours(8);
    EXPECT_EQ(look({lease_}, 8), 0U) << "a suspended machine: its workers need a moment too";
    EXPECT_EQ(look({lease_}, 8), 1U);
}

}  // namespace
}  // namespace ittybit::work
