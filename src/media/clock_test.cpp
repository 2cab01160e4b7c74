#include "media/clock.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ittybit::media {
namespace {

constexpr AVRational kBase = {1, 90000};

/// Feeds packets in seconds and tells where they come to lie.
class Joining {
public:
    explicit Joining(bool may_jump = false) : clock_(may_jump) {}
    double at(int stream, double seconds, double duration = 0.04) {
        Packet packet = make_packet();
        packet->stream_index = stream;
        packet->dts = std::llround(seconds * 90000);
        packet->pts = packet->dts + 3600;
        packet->duration = std::llround(duration * 90000);
        clock_.adjust(*packet, kBase);
        EXPECT_EQ(packet->pts - packet->dts, 3600);
        return static_cast<double>(packet->dts) / 90000;
    }
    int joins() const { return clock_.joins(); }

private:
    JoinedClock clock_;
};

TEST(JoinedClock, StepsBackByMoreThanSomePicturesWhereTimesAreGuessed) {
    Joining joining(/*may_jump=*/true);
    EXPECT_DOUBLE_EQ(joining.at(0, 14, 1), 14);
    EXPECT_DOUBLE_EQ(joining.at(0, 11, 1), 11) << "of a picture a second, out of order";
    EXPECT_DOUBLE_EQ(joining.at(0, 12, 1), 12);
    EXPECT_EQ(joining.joins(), 0);
    EXPECT_GT(joining.at(0, 0, 1), 12) << "another recording";
    EXPECT_EQ(joining.joins(), 1);
}

TEST(JoinedClock, LeavesOneClockAlone) {
    Joining joining;
    EXPECT_DOUBLE_EQ(joining.at(0, 1.0), 1.0);
    EXPECT_DOUBLE_EQ(joining.at(0, 0.95), 0.95) << "a jitter";
    EXPECT_DOUBLE_EQ(joining.at(0, 6.0), 6.0) << "a gap";
    EXPECT_DOUBLE_EQ(joining.at(1, 3.0), 3.0) << "another stream, badly interleaved";
    EXPECT_EQ(joining.joins(), 0);
}

TEST(JoinedClock, GoesOnWhereTheClockBeginsAnew) {
    Joining joining;
    joining.at(0, 1.4);
    joining.at(0, 6.36);
    EXPECT_NEAR(joining.at(0, 1.4), 6.4, 1e-4);
    EXPECT_NEAR(joining.at(0, 1.44), 6.44, 1e-4);
    EXPECT_EQ(joining.joins(), 1);
}

TEST(JoinedClock, BearsGapsAndGuessesWhereTimesMayJump) {
    Joining joining(true);
    joining.at(0, 1.4);
    EXPECT_DOUBLE_EQ(joining.at(0, 400.0), 400.0) << "a still";
    EXPECT_DOUBLE_EQ(joining.at(1, 2.0), 2.0) << "another stream, badly interleaved";
    EXPECT_DOUBLE_EQ(joining.at(0, 399.2), 399.2) << "a guess at the order of decoding";
    EXPECT_EQ(joining.joins(), 0);
    joining.at(0, 400.04);
    EXPECT_NEAR(joining.at(0, 0.0), 400.08, 1e-4);
    EXPECT_EQ(joining.joins(), 1);
}

TEST(JoinedClock, KeepsTheStreamsOfARecordingTogether) {
    Joining joining;
    joining.at(0, 6.36);
    joining.at(1, 6.30);
    EXPECT_NEAR(joining.at(0, 1.4), 6.4, 1e-4);
    EXPECT_NEAR(joining.at(1, 6.34), 6.34, 1e-4) << "what was left of the old one";
    EXPECT_NEAR(joining.at(1, 1.38), 6.38, 1e-4) << "by the shift of the picture, not by its own";
    EXPECT_NEAR(joining.at(1, 1.42), 6.42, 1e-4);
    EXPECT_EQ(joining.joins(), 1);
}

TEST(JoinedClock, LosesNothingOfTheStreamThatEndedLast) {
    Joining joining;
    joining.at(1, 6.8);
    joining.at(0, 6.36);
    EXPECT_NEAR(joining.at(0, 1.4), 6.84, 1e-4);
}

TEST(JoinedClock, ClosesALargeJumpEitherWay) {
    Joining joining;
    joining.at(0, 5);
    EXPECT_NEAR(joining.at(0, 35), 5.04, 1e-4);
    EXPECT_NEAR(joining.at(1, 35.02), 5.06, 1e-4) << "begins in the new clock";
}

}  // namespace
}  // namespace ittybit::media
