#include "model/placement.h"

#include <gtest/gtest.h>

namespace ittybit {
namespace {

Framing box(double width, double height, Fit fit, Position position = Position::kCenter) {
    Framing framing;
    framing.width = Length{width};
    framing.height = Length{height};
    framing.fit = fit;
    framing.position = position;
    return framing;
}

TEST(Placement, KeepsTheSizeWhenNothingIsAsked) {
    const auto placed = place({641, 361}, {});
    EXPECT_EQ(placed.canvas, (Size{641, 361}));
    EXPECT_FALSE(placed.is_padded() || placed.is_cropped());
    EXPECT_EQ(place({641, 361}, {}, 2).canvas, (Size{640, 360}));
    EXPECT_EQ(place({1, 1}, {}, 2).canvas, (Size{2, 2}));
}

TEST(Placement, OneSideKeepsTheProportions) {
    Framing framing;
    framing.width = Length{500};
    EXPECT_EQ(place({6000, 4000}, framing).canvas, (Size{500, 333}));
    framing.width = Length{.value = 50, .is_percent = true};
    EXPECT_EQ(place({101, 99}, framing).canvas, (Size{51, 50}));
    framing = {};
    framing.height = Length{10};
    EXPECT_EQ(place({2000, 1}, framing).canvas, (Size{20000, 10}));
}

TEST(Placement, ContainPadsAroundTheWholePicture) {
    const auto placed = place({400, 200}, box(100, 100, Fit::kContain));
    EXPECT_EQ(placed.scaled, (Size{100, 50}));
    EXPECT_EQ(placed.canvas, (Size{100, 100}));
    EXPECT_EQ(placed.left, 0);
    EXPECT_EQ(placed.top, 25);
    EXPECT_TRUE(placed.is_padded());
}

TEST(Placement, CoverCutsByPosition) {
    const auto left = place({400, 200}, box(100, 100, Fit::kCover, Position::kTopLeft));
    EXPECT_EQ(left.scaled, (Size{200, 100}));
    EXPECT_EQ(left.kept, (Rectangle{0, 0, 100, 100}));
    const auto middle = place({400, 200}, box(100, 100, Fit::kCover));
    EXPECT_EQ(middle.kept, (Rectangle{50, 0, 100, 100}));
    const auto right = place({400, 200}, box(100, 100, Fit::kCover, Position::kRight));
    EXPECT_EQ(right.kept, (Rectangle{100, 0, 100, 100}));
    const auto bottom = place({200, 400}, box(100, 100, Fit::kCover, Position::kBottom));
    EXPECT_EQ(bottom.kept, (Rectangle{0, 100, 100, 100}));
}

TEST(Placement, FillStretches) {
    const auto placed = place({400, 200}, box(30, 70, Fit::kFill));
    EXPECT_EQ(placed.scaled, (Size{30, 70}));
    EXPECT_FALSE(placed.is_padded() || placed.is_cropped());
}

TEST(Placement, EverySizeAndOffsetIsAMultipleOfTheStep) {
    for (const auto fit : {Fit::kContain, Fit::kCover, Fit::kFill}) {
        const auto placed = place({101, 57}, box(333, 99, fit), 2);
        for (const int length :
             {placed.scaled.width, placed.scaled.height, placed.kept.left, placed.kept.top,
              placed.kept.width, placed.kept.height, placed.left, placed.top}) {
            EXPECT_EQ(length % 2, 0);
        }
        EXPECT_EQ(placed.canvas, (Size{332, 98}));
    }
}

}  // namespace
}  // namespace ittybit
