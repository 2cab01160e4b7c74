#include "model/split.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit {
namespace {

/// A film with sound that lasts so many seconds.
Plan film(double seconds) {
    Plan plan;
    plan.reads = {{.stream = 1, .alpha = {}}, {.stream = 0, .alpha = {}}};
    plan.window = {.start = 3, .end = {}, .duration = seconds};
    plan.can_be_split = true;
    PicturePlan picture;
    picture.clock = {.ticks = 90000, .fps = {25, 1}};
    picture.expects.seconds = seconds;
    PictureBranch branch;
    branch.encoding.emplace().encoder = "libx264";
    picture.branches.push_back(branch);
    plan.pictures.push_back(picture);
    SoundPlan sound;
    sound.read = 1;
    sound.branches.emplace_back().encoding.emplace();
    plan.sounds.push_back(sound);
    OutputFile output;
    output.name = "output.mp4";
    output.muxer = "mp4";
    plan.outputs.push_back(output);
    return plan;
}

/// A stream in two sizes with a sound in two mixes, of a read each but for the last.
Plan ladder(double seconds, Ratio fps, int key_grid) {
    Plan plan = film(seconds);
    PicturePlan& picture = plan.pictures.front();
    picture.clock = {.ticks = 90000, .fps = fps};
    picture.cadence = PlannedCadence{.key_seconds = 2, .key_grid = key_grid};
    picture.branches.push_back(picture.branches.front());
    picture.branches.back().every = key_grid;
    for (SoundBranch& branch : plan.sounds.front().branches) branch.track.rendition.emplace();
    plan.sounds.front().loudness.emplace();
    plan.sounds.push_back(plan.sounds.front());
    plan.has_common_end = true;
    plan.outputs.front().muxer = "hls";
    return plan;
}

Splitting every(double seconds) {
    return {.when = Splitting::When::kAlways, .seconds = seconds};
}

std::vector<double> lengths(const Plan& plan, const Splitting& splitting) {
    std::vector<double> lengths;
    for (const auto& piece : pieces_of(plan, splitting)) lengths.push_back(seconds_of(piece, plan));
    return lengths;
}

TEST(SplittingTest, IsAWordOrSeconds) {
    EXPECT_EQ(Splitting::from_json("auto")->when, Splitting::When::kAuto);
    EXPECT_EQ(Splitting::from_json("never")->when, Splitting::When::kNever);
    EXPECT_EQ(Splitting::from_json("2.5")->seconds, 2.5);
    EXPECT_EQ(Splitting::from_json(30)->seconds, 30);
    for (const auto* wrong : {"", "0", "0.5", "-3", "2x", "often", "1e9"})
        EXPECT_FALSE(Splitting::from_json(wrong)) << wrong;
    EXPECT_EQ(Splitting::from_json("2.5")->to_json_value(), "2.5");
    EXPECT_EQ(Splitting{}.to_json_value(), "auto");
}

// A plan comes from a child, which media may have taken over.
TEST(PiecesTest, OfWhatCannotBeThereAreNone) {
    EXPECT_TRUE(pieces_of(film(1e300), every(2)).empty());
    Plan slow = film(100);
    slow.pictures.front().cadence.emplace();
    slow.pictures.front().clock = {.ticks = 2'000'000'000, .fps = {1, 2'000'000'000}};
    EXPECT_TRUE(pieces_of(slow, every(2)).empty());
    Plan fast = film(100);
    fast.pictures.front().cadence.emplace();
    fast.pictures.front().clock = {.ticks = 1, .fps = {2'000'000'000, 1}};
    EXPECT_EQ(pieces_of(fast, every(2)).size(), 50U);
    Plan without = film(100);
    without.pictures.clear();
    EXPECT_FALSE(read_plan(plan_json(without)));
}

TEST(PiecesTest, FollowEachOtherWithoutAGapToTheEndOfAll) {
    const auto pieces = pieces_of(film(7), every(2));
    ASSERT_EQ(pieces.size(), 4U);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        EXPECT_EQ(pieces[i].number, static_cast<std::int64_t>(i));
        EXPECT_EQ(pieces[i].from, static_cast<std::int64_t>(i) * 180'000);
        if (i > 0) {
            EXPECT_EQ(pieces[i - 1].to, pieces[i].from);
        }
    }
    EXPECT_FALSE(pieces.back().to);
}

TEST(PiecesTest, TheLastIsNeitherMuchShorterNorMuchLonger) {
    EXPECT_THAT(
        lengths(film(6.4), every(2)), testing::Pointwise(testing::DoubleNear(1e-9), {2.0, 2.0, 2.4})
    );
    EXPECT_THAT(
        lengths(film(3.2), every(2)), testing::Pointwise(testing::DoubleNear(1e-9), {2.0, 1.2})
    );
}

TEST(PiecesTest, BecomeShorterSoThatNobodyWaitsLongAtTheEnd) {
    EXPECT_THAT(lengths(film(39), {}), testing::IsEmpty());
    EXPECT_THAT(lengths(film(40), {}), testing::ElementsAre(20, 20));
    EXPECT_THAT(lengths(ladder(60, {25, 1}, 1), {}), testing::ElementsAre(18, 18, 12, 12));
    EXPECT_THAT(
        lengths(ladder(160, {25, 1}, 1), {}),
        testing::ElementsAre(24, 24, 18, 18, 18, 18, 18, 12, 10)
    );
    const auto hours = lengths(film(7200), {});
    EXPECT_THAT(hours, testing::SizeIs(testing::Lt(130)));
    EXPECT_EQ(hours.front(), 60);
    EXPECT_TRUE(std::ranges::is_sorted(hours, [](double a, double b) { return a > b + 1e-3; }));
    EXPECT_THAT(hours.back(), testing::AllOf(testing::Gt(10), testing::Lt(20)));
    EXPECT_NEAR(std::accumulate(hours.begin(), hours.end(), 0.0), 7200, 1e-6);
    EXPECT_THAT(lengths(film(1e6), {}), testing::SizeIs(testing::Lt(2100)));
    EXPECT_THAT(lengths(film(7200), {.when = Splitting::When::kNever}), testing::IsEmpty());
}

TEST(PiecesTest, AreCutOnTheGridOfAConstantRate) {
    auto plan = film(10);
    plan.pictures.front().clock = {.ticks = 90000, .fps = {30000, 1001}};
    plan.pictures.front().cadence.emplace();
    const auto pieces = pieces_of(plan, every(2));
    for (const auto& piece : pieces) EXPECT_EQ(piece.from % 3003, 0);
    EXPECT_EQ(pieces[1].from, 60 * 3003);
}

TEST(PiecesTest, OfAStreamAreCutWhereSegmentsBegin) {
    const auto plan = ladder(31, {30000, 1001}, 2);
    const auto pieces = pieces_of(plan, every(2));
    ASSERT_EQ(pieces.size(), 5U);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        // The first picture of those that all renditions have at or after each six seconds.
        const auto at = static_cast<std::int64_t>(i) * 6 * 90000;
        EXPECT_EQ(pieces[i].from, (at + 6005) / 6006 * 6006);
        if (i > 0) {
            EXPECT_EQ(pieces[i - 1].to, pieces[i].from);
        }
    }
    EXPECT_FALSE(pieces.back().to);
    EXPECT_EQ(lengths(ladder(7200, {25, 1}, 1), {}).front(), 60) << "ten segments";
    const auto two = pieces_of(ladder(50, {25, 1}, 1), {});
    ASSERT_EQ(two.size(), 3U);
    EXPECT_EQ(two[1].from, 18 * 90000);
    EXPECT_TRUE(pieces_of(ladder(8.9, {25, 1}, 1), every(6)).empty());
    EXPECT_TRUE(pieces_of(ladder(100, {1, 2'000'000'000}, 2'000'000'000), every(6)).empty());
}

TEST(PiecesTest, OfAStreamHaveAllItsPicturesAndAskWhereItsSoundsEnd) {
    const auto plan = ladder(31, {25, 1}, 1);
    const auto pieces = pieces_of(plan, every(6));
    const auto made = read_plan(plan_json(plan_of_piece(plan, pieces[2], "piece")));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->pictures.front().branches, plan.pictures.front().branches);
    EXPECT_EQ(made->reads, plan.reads);
    EXPECT_TRUE(made->has_common_end);
    ASSERT_EQ(made->sounds.size(), 1U) << "of two mixes of one sound either ends there";
    EXPECT_EQ(made->sounds.front().read, 1);
    EXPECT_FALSE(made->sounds.front().loudness) << "nobody hears it";
    const auto joining = read_plan(plan_json(plan_of_joining(plan, pieces.size(), 1)));
    ASSERT_TRUE(joining) << joining.error().message;
    EXPECT_EQ(joining->reads.front().as, ReadAs::kPieces);
    EXPECT_EQ(joining->sounds, plan.sounds);
}

TEST(PiecesTest, OfAPlanThatCannotBeSplitThereAreNone) {
    auto plan = film(100);
    plan.can_be_split = false;
    EXPECT_THAT(pieces_of(plan, every(2)), testing::IsEmpty());
}

TEST(PiecesTest, EachIsAPlanOfThePictureAlone) {
    const auto plan = film(7);
    const auto pieces = pieces_of(plan, every(2));
    const auto middle = read_plan(plan_json(plan_of_piece(plan, pieces[1], "piece")));
    ASSERT_TRUE(middle) << middle.error().message;
    EXPECT_EQ(middle->piece, pieces[1]);
    EXPECT_EQ(middle->reads, std::vector{plan.reads.front()});
    EXPECT_EQ(middle->window.start, 3);
    EXPECT_EQ(middle->window.duration, 2);
    EXPECT_TRUE(middle->sounds.empty());
    EXPECT_EQ(middle->pictures.front().branches, plan.pictures.front().branches);
    EXPECT_FALSE(middle->pictures.front().expects.seconds);
    const auto last = plan_of_piece(plan, pieces.back(), "piece");
    EXPECT_EQ(last.pictures.front().expects.seconds, 1);
}

TEST(PiecesTest, AreJoinedByAPlanOfTheRest) {
    const auto plan = film(7);
    const auto joining = read_plan(plan_json(plan_of_joining(plan, 4, 2)));
    ASSERT_TRUE(joining) << joining.error().message;
    EXPECT_EQ(joining->pieces, 4);
    EXPECT_EQ(joining->reads.front().as, ReadAs::kPieces);
    EXPECT_EQ(joining->reads.front().input, 2);
    EXPECT_EQ(joining->sounds, plan.sounds);
    EXPECT_EQ(joining->outputs, plan.outputs);
}

TEST(PiecesTest, PlansThatContradictThemselvesAreRefused) {
    const auto plan = film(7);
    auto beside_sound = plan;
    beside_sound.piece = PlannedPiece{};
    EXPECT_FALSE(read_plan(plan_json(beside_sound)));
    auto empty = plan_of_piece(plan, {.from = 5, .to = 5}, "piece");
    EXPECT_FALSE(read_plan(plan_json(empty)));
    auto elsewhere = ladder(31, {25, 1}, 1);
    elsewhere.outputs.push_back(elsewhere.outputs.front());
    elsewhere.pictures.front().branches.back().track.output = 1;
    EXPECT_FALSE(read_plan(plan_json(elsewhere)));
    auto twice = film(7);
    twice.pictures.front().branches.push_back(twice.pictures.front().branches.front());
    EXPECT_FALSE(read_plan(plan_json(twice))) << "a file has one picture";
    auto unread = plan;
    unread.pieces = 2;
    EXPECT_FALSE(read_plan(plan_json(unread)));
}

}  // namespace
}  // namespace ittybit
