#include "tasks/adaptive_ladder.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit::tasks {
namespace {

using testing::ElementsAre;

std::vector<std::string> sizes(Size top, double fps = 30) {
    std::vector<std::string> words;
    for (const auto& rung : plan_ladder(top, fps, Quality::kMedium))
        words.push_back(fmt::format("{} {}x{}", rung.name, rung.size.width, rung.size.height));
    return words;
}

TEST(Ladder, GoesDownFromTheSourceByTheShortSide) {
    EXPECT_THAT(
        sizes({1920, 1080}), ElementsAre(
                                 "1080p 1920x1080", "720p 1280x720", "480p 854x480", "360p 640x360",
                                 "240p 426x240", "180p 320x180"
                             )
    );
    EXPECT_THAT(
        sizes({640, 480}),
        ElementsAre("480p 640x480", "360p 480x360", "240p 320x240", "180p 240x180")
    );
}

TEST(Ladder, EndsAt1080AndKeepsPortraitPortrait) {
    EXPECT_EQ(sizes({3840, 2160}).front(), "1080p 1920x1080");
    EXPECT_THAT(
        sizes({2160, 3840}), ElementsAre(
                                 "1080p 1080x1920", "720p 720x1280", "480p 480x854", "360p 360x640",
                                 "240p 240x426", "180p 180x320"
                             )
    );
}

TEST(Ladder, HasTheSourcesOwnSizeOnTopAndANeighbourGivesWay) {
    EXPECT_THAT(
        sizes({960, 540}),  // 540 / 480 is 1.125
        ElementsAre("540p 960x540", "360p 640x360", "240p 426x240", "180p 320x180")
    );
    EXPECT_EQ(sizes({1920, 800}).front(), "800p 1920x800");
    EXPECT_EQ(sizes({1920, 800})[1], "480p 1152x480");
    EXPECT_EQ(sizes({1472, 828})[1], "720p 1280x720");  // 1.15 times 720
    EXPECT_EQ(sizes({1470, 827}).front(), "826p 1470x826");
    EXPECT_EQ(sizes({1470, 827})[1], "480p 854x480");
    EXPECT_EQ(sizes({1919, 1079}).front(), "1078p 1918x1078");
    EXPECT_EQ(sizes({518, 488}).front(), "488p 518x488");
}

TEST(Ladder, HasTwoRungsForATinySourceAndALowOneForAll) {
    EXPECT_THAT(sizes({200, 100}), ElementsAre("100p 200x100", "100p-low 200x100"));
    EXPECT_THAT(sizes({1, 1}), ElementsAre("2p 2x2", "2p-low 2x2"));
    EXPECT_THAT(sizes({427, 240}), ElementsAre("240p 426x240", "180p 320x180"));
    for (const Size top : {Size{1920, 1080}, Size{320, 180}, Size{16, 16}}) {
        for (const auto quality : {Quality::kVeryLow, Quality::kVeryHigh}) {
            const auto low = plan_ladder(top, 30, quality).back();
            // Of a segment of six seconds at worst, and what sound and container take.
            EXPECT_LE(low.max_bitrate + low.buffer_bits / 6, 110'000);
        }
    }
}

TEST(Ladder, HalvesTheRateOfSmallFastPictures) {
    for (const auto& rung : plan_ladder({1920, 1080}, 50, Quality::kMedium))
        EXPECT_EQ(rung.every, rung.size.height > 432 ? 1 : 2) << rung.name;
    for (const auto& rung : plan_ladder({1920, 1080}, 30, Quality::kMedium))
        EXPECT_EQ(rung.every, 1) << rung.name;
}

TEST(Ladder, NeverGoesAboveTheSourceOrLevel42WhateverTheShape) {
    for (int width = 2; width <= 8192; width += 61) {
        for (int height = 2; height <= 8192; height += 67) {
            for (const double fps : {24.0, 60.0}) {
                const auto rungs = plan_ladder({width, height}, fps, Quality::kMedium);
                ASSERT_FALSE(rungs.empty());
                for (const auto& rung : rungs) {
                    ASSERT_TRUE(fits_level(rung.size, fps)) << width << "x" << height;
                    ASSERT_LE(rung.size.width, width + 1) << width << "x" << height;
                    ASSERT_LE(rung.size.height, height + 1) << width << "x" << height;
                    ASSERT_EQ(rung.size.width % 2 + rung.size.height % 2, 0);
                    const int turned =
                        (width > height ? 1 : -1) * (rung.size.width - rung.size.height);
                    ASSERT_TRUE(width == height || turned >= 0) << width << "x" << height;
                }
            }
        }
    }
}

TEST(Ladder, ShrinksWidePicturesToTheLevel) {
    const auto cinema = plan_ladder({5160, 2160}, 24, Quality::kMedium);
    EXPECT_EQ(cinema.front().name, "956p");
    EXPECT_EQ(cinema[1].name, "720p");
    EXPECT_THAT(sizes({5120, 1440})[1], testing::EndsWith("x480"));  // what fits is too near to 720
}

TEST(Ladder, CostsLessWithEachRungAndEachQuality) {
    int last = 1'000'000'000;
    for (const auto quality :
         {Quality::kVeryHigh, Quality::kHigh, Quality::kMedium, Quality::kLow, Quality::kVeryLow}) {
        const auto rungs = plan_ladder({1920, 1080}, 30, quality);
        EXPECT_LT(rungs.front().max_bitrate, last);
        last = rungs.front().max_bitrate;
        for (std::size_t i = 1; i < rungs.size(); ++i) {
            EXPECT_GE(rungs[i - 1].max_bitrate, rungs[i].max_bitrate * 1.3);
            EXPECT_LE(rungs[i - 1].crf, rungs[i].crf);
        }
    }
}

TEST(Ladder, GivesFastPicturesHalfAsMuchAgain) {
    const auto slow = plan_ladder({1280, 720}, 30, Quality::kMedium);
    const auto fast = plan_ladder({1280, 720}, 60, Quality::kMedium);
    EXPECT_EQ(slow.front().max_bitrate, 3'200'000);
    EXPECT_EQ(fast.front().max_bitrate, 4'800'000);
}

TEST(Ladder, NewerCodecsHaveMoreLinesForFewerBits) {
    for (const auto codec : {VideoCodec::kH265, VideoCodec::kAv1}) {
        const auto rungs = plan_ladder({3840, 2160}, 30, Quality::kMedium, codec);
        EXPECT_EQ(rungs.at(0).size, (Size{3840, 2160}));
        EXPECT_EQ(rungs.at(1).size, (Size{2560, 1440}));
        EXPECT_EQ(rungs.at(2).size, (Size{1920, 1080}));
        const auto usual = plan_ladder({3840, 2160}, 30, Quality::kMedium);
        EXPECT_EQ(usual.front().size, rungs.at(2).size);
        EXPECT_LT(rungs.at(2).max_bitrate, usual.front().max_bitrate * 9 / 10);
        EXPECT_EQ(rungs.at(2).name, codec == VideoCodec::kAv1 ? "1080p-av1" : "1080p-h265");
        EXPECT_LE(rungs.back().max_bitrate, 90'000);
        for (const auto& rung : plan_ladder({8192, 4320}, 60, Quality::kMedium, codec))
            EXPECT_TRUE(fits_level(rung.size, 60, codec)) << rung.name;
    }
}

std::vector<Rung> measured(double large, double small) {
    return plan_ladder(
        {1280, 720}, 25, Quality::kMedium, VideoCodec::kH264,
        Demand{{{1280, 720}, large}, {{426, 240}, small}}
    );
}

TEST(Ladder, GivesAHardFilmMoreBitsThanAnEasyOne) {
    const auto usual = plan_ladder({1280, 720}, 25, Quality::kMedium);
    const auto hard = measured(20e6, 4e6);
    const auto easy = measured(1e6, 0.2e6);
    EXPECT_GT(hard.front().max_bitrate, usual.front().max_bitrate * 2);
    EXPECT_LT(hard.front().max_bitrate, usual.front().max_bitrate * 5 / 2) << "with a bound";
    EXPECT_EQ(easy.front().max_bitrate, usual.front().max_bitrate);
    EXPECT_LT(hard.front().crf, usual.front().crf);
    EXPECT_GT(easy.front().crf, usual.front().crf);
    EXPECT_EQ(hard.size(), usual.size());
    EXPECT_LE(hard.back().max_bitrate, 90'000) << "whatever it needs";
    for (std::size_t i = 1; i < hard.size(); ++i) {
        EXPECT_GE(hard[i - 1].max_bitrate, hard[i].max_bitrate * 1.3);
        EXPECT_LE(hard[i - 1].crf, hard[i].crf);
    }
}

TEST(Ladder, GivesSmallPicturesOfASoftFilmMoreBits) {
    const auto sharp = measured(2.5e6, 0.4e6);
    const auto soft = measured(2.5e6, 0.7e6);
    EXPECT_EQ(sharp.front().crf, soft.front().crf);
    for (std::size_t i = 1; i < sharp.size(); ++i) EXPECT_GT(sharp[i].crf, soft[i].crf + 1);
}

TEST(Ladder, LeavesNoWideGapBelowAHardTop) {
    const auto even = measured(6e6, 1e6);
    const auto steep = measured(6e6, 0.5e6);  // small pictures of it need much less
    EXPECT_LT(steep.at(1).crf, even.at(1).crf - 1);
    for (std::size_t i = 1; i + 1 < steep.size(); ++i) {
        EXPECT_GE(steep[i].awaited * 2.51, steep[i - 1].awaited) << steep[i].name;
        EXPECT_GE(steep[i].crf, steep[i - 1].crf);
    }
}

TEST(Ladder, LeavesOutRungsOfNearlyTheSameRate) {
    std::vector<std::string> names;
    for (const auto& rung : measured(20e3, 15e3)) names.push_back(rung.name);
    EXPECT_THAT(names, ElementsAre("720p", "180p"));
    EXPECT_EQ(measured(0, 0).size(), 2U) << "a film of nothing";
}

TEST(Ladder, TakesTheBoxOnlyAsFarAsTheSourceReaches) {
    EXPECT_EQ(without_enlarging({1280, 720}, {1920, 1080}, Fit::kContain), (Size{1280, 720}));
    EXPECT_EQ(without_enlarging({1920, 1080}, {640, 360}, Fit::kContain), (Size{640, 360}));
    EXPECT_EQ(without_enlarging({1000, 1000}, {640, 360}, Fit::kContain), (Size{640, 640}));
    EXPECT_EQ(without_enlarging({1000, 1000}, {640, 360}, Fit::kCover), (Size{360, 360}));
    EXPECT_EQ(without_enlarging({1280, 360}, {640, 360}, Fit::kFill), (Size{640, 180}));
}

}  // namespace
}  // namespace ittybit::tasks
