#include "tasks/adaptive_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ittybit::tasks {
namespace {

SourceFacts film(Size display, Ratio fps = {25, 1}) {
    SourceFacts facts;
    facts.duration = 20;
    facts.picture.emplace();
    facts.picture->stored = facts.picture->display = display;
    facts.picture->fps = fps;
    facts.picture->format = AV_PIX_FMT_YUV420P;
    facts.sound.emplace();
    facts.sound->stream = 1;
    facts.sound->language = "eng";
    return facts;
}

TEST(ConstantRate, IsTheUsualOneNearby) {
    EXPECT_EQ(constant_rate({25, 1}), (Ratio{25, 1}));
    EXPECT_EQ(constant_rate({24000, 1001}), (Ratio{24000, 1001}));
    EXPECT_EQ(constant_rate({39600, 1321}), (Ratio{30000, 1001}));
    EXPECT_EQ(constant_rate({500000, 33333}), (Ratio{15, 1}));
    EXPECT_EQ(constant_rate({810000, 13487}), (Ratio{60, 1}));
}

TEST(ConstantRate, TakesStepsOf33MillisecondsForThirtyASecond) {
    EXPECT_EQ(constant_rate({1000, 33}), (Ratio{30, 1}));
}

TEST(ConstantRate, HalvesWhatIsTooFastAndRaisesWhatIsTooSlow) {
    EXPECT_EQ(constant_rate({120, 1}), (Ratio{60, 1}));
    EXPECT_EQ(constant_rate({144, 1}), (Ratio{48, 1}));
    EXPECT_EQ(constant_rate({120000, 1001}), (Ratio{60000, 1001}));
    EXPECT_EQ(constant_rate({1, 3}), (Ratio{1, 1}));
    EXPECT_EQ(constant_rate({}), (Ratio{25, 1}));
}

TEST(ConstantRate, KeepsWholeRatesAndRoundsAveragesUp) {
    EXPECT_EQ(constant_rate({10, 1}), (Ratio{10, 1}));
    EXPECT_EQ(constant_rate({25, 2}), (Ratio{25, 2}));
    EXPECT_EQ(constant_rate({3628800, 502589}), (Ratio{15, 1}));  // 7.22
    EXPECT_EQ(constant_rate({26123, 1000}), (Ratio{30, 1}));
}

TEST(AdaptivePlan, ForcesKeyFramesAndCapsEveryRendition) {
    const auto plan = plan_adaptive({}, film({1920, 1080}), "film");
    ASSERT_TRUE(plan) << plan.error().message;
    ASSERT_EQ(plan->pictures[0].branches.size(), 6U);
    for (const auto& rendition : plan->pictures[0].branches) {
        const auto& how = *rendition.encoding;
        EXPECT_EQ(how.encoder, "libx264");
        EXPECT_TRUE(how.max_bitrate && how.buffer_bits && !how.bitrate);
        EXPECT_EQ(how.options.at("forced-idr").as_int64(), 1);
        EXPECT_EQ(how.fps_num, 25);
    }
    EXPECT_EQ(plan->pictures[0].treatment.placement.canvas, (Size{1920, 1080}));
    ASSERT_EQ(plan->sounds[0].branches.size(), 2U);
    EXPECT_EQ(plan->sounds[0].branches.back().encoding->bitrate, 64'000);
    EXPECT_TRUE(plan->warnings.empty());
}

TEST(AdaptivePlan, HoldsPeaksForTheRenditionThatAddsMostToThem) {
    AdaptiveVideoOptions options;
    options.normalize = Normalize::kLufs;
    options.target_lufs = -23;
    const auto plan = plan_adaptive(options, film({1920, 1080}), "film");
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->sounds[0].loudness, (LoudnessTarget{.lufs = -23, .most_dbtp = -5.2}));
}

TEST(AdaptivePlan, FillsTheBoxAsFarAsTheSourceReaches) {
    AdaptiveVideoOptions options;
    options.width = Length{.value = 1000};
    options.height = Length{.value = 1000};
    const auto square = plan_adaptive(options, film({1280, 720}), "film");
    ASSERT_TRUE(square);
    EXPECT_EQ(square->pictures[0].treatment.placement.canvas, (Size{1000, 1000}));
    EXPECT_EQ(
        square->pictures[0].treatment.placement.kept.height, 562
    );  // the whole picture, padded
    options.height.reset();
    options.width = Length{.value = 50, .is_percent = true};
    const auto half = plan_adaptive(options, film({1280, 720}), "film");
    ASSERT_TRUE(half);
    EXPECT_EQ(half->pictures[0].treatment.placement.canvas, (Size{640, 360}));
    options.width = Length{.value = 4000};
    const auto large = plan_adaptive(options, film({1280, 720}), "film");
    ASSERT_TRUE(large);
    EXPECT_EQ(large->pictures[0].treatment.placement.canvas, (Size{1280, 720}));
    EXPECT_EQ(large->warnings.size(), 1U);
}

TEST(AdaptivePlan, MakesAPictureOfEachField) {
    SourceFacts facts = film({768, 576});
    facts.picture->is_interlaced = true;
    const auto plan = plan_adaptive({}, facts, "film");
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->pictures[0].clock.fps, (Ratio{50, 1}));
    EXPECT_TRUE(plan->pictures[0].treatment.is_field_rate);
    EXPECT_EQ(plan->pictures[0].cadence->key_grid, 2);
    EXPECT_EQ(plan->pictures[0].branches.back().encoding->fps_num, 50);
    EXPECT_EQ(plan->pictures[0].branches.back().encoding->fps_den, 2);
}

TEST(AdaptivePlan, HalvesTheRateOfAllWhereEvenTheBestIsSmall) {
    const auto plan = plan_adaptive({}, film({320, 240}, {50, 1}), "film");
    ASSERT_TRUE(plan);
    EXPECT_DOUBLE_EQ(plan->pictures[0].clock.fps.value(), 25);
    EXPECT_EQ(plan->pictures[0].cadence->key_grid, 1);
    for (const auto& rendition : plan->pictures[0].branches) {
        EXPECT_EQ(rendition.every, 1);
        EXPECT_EQ(rendition.encoding->fps_num, 25 * rendition.encoding->fps_den);
    }
}

TEST(AdaptivePlan, OfSoundAloneHasTwoRates) {
    SourceFacts facts = film({640, 360});
    facts.picture.reset();
    const auto plan = plan_adaptive({}, facts, "song");
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->sounds[0].branches.size(), 2U);
    EXPECT_EQ(plan->sounds[0].branches[0].encoding->bitrate, 128'000);
    EXPECT_EQ(plan->sounds[0].branches[1].encoding->bitrate, 64'000);
    AdaptiveVideoOptions mute;
    mute.no_audio = true;
    EXPECT_EQ(plan_adaptive(mute, facts, "song").error().kind, ErrorKind::kNoVideoStream);
}

TEST(AdaptivePlan, HasEverySoundInEveryGroupAndLabelsThemApart) {
    SourceFacts facts = film({1280, 720});
    SoundFacts german;
    german.stream = 2;
    german.language = "ger";
    german.channels = 6;
    german.layout = "5.1(side)";
    SoundFacts comment;
    comment.stream = 3;
    comment.language = "eng";
    comment.label.purpose = Purpose::kCommentary;
    SoundFacts again = comment;
    again.stream = 4;
    again.label = {};
    facts.other_sounds = {german, comment, again};
    const auto plan = plan_adaptive({}, facts, "film");
    ASSERT_TRUE(plan) << plan.error().message;
    ASSERT_EQ(plan->sounds.size(), 5U);
    std::vector<std::string> told;
    for (const auto& sound : plan->sounds) {
        for (const auto& branch : sound.branches) {
            const auto& made = *branch.track.rendition;
            told.push_back(fmt::format(
                "{} {} {} {}{}", branch.track.name, made.group, made.label,
                made.is_default ? "default" : "", made.is_automatic ? " automatic" : ""
            ));
        }
    }
    EXPECT_EQ(
        told, (std::vector<std::string>{
                  "audio audio English default automatic",
                  "audio-low audio-low English default automatic",
                  "audio-2 audio Deutsch  automatic",
                  "audio-low-2 audio-low Deutsch  automatic",
                  "audio-surround-2 audio-surround Deutsch  automatic",
                  "audio-3 audio English (commentary) ",
                  "audio-low-3 audio-low English (commentary) ",
                  "audio-4 audio English 2 ",
                  "audio-low-4 audio-low English 2 ",
              })
    );
    EXPECT_EQ(plan->sounds[2].branches[0].encoding->format.layout, "5.1");
    EXPECT_EQ(plan->sounds[1].branches[0].encoding->format.layout, "stereo");
    EXPECT_TRUE(plan->warnings.empty()) << "nothing is lost that is not there in 5.1";
}

TEST(AdaptivePlan, HasTextsBehindTheSounds) {
    SourceFacts facts = film({1280, 720});
    facts.texts.resize(2);
    facts.texts[0].input = 1;
    facts.texts[0].language = "pt-BR";
    facts.texts[0].is_default = true;
    facts.texts[1].stream = 3;
    facts.texts[1].label.is_forced = true;
    const auto plan = plan_adaptive({}, facts, "text");
    ASSERT_TRUE(plan) << plan.error().message;
    ASSERT_EQ(plan->texts.size(), 2U);
    const auto& first = plan->texts[0].branches[0].track;
    EXPECT_EQ(first.name, "text-main");
    EXPECT_EQ(first.rendition->label, "Português");
    EXPECT_TRUE(first.rendition->is_default && first.rendition->is_automatic);
    const auto& second = *plan->texts[1].branches[0].track.rendition;
    EXPECT_EQ(second.label, "Subtitles (forced)");
    EXPECT_TRUE(second.is_forced && second.is_automatic && !second.is_default);
    EXPECT_EQ(plan->reads[3].stream, 3);
    EXPECT_EQ(plan->reads[2].input, 1);
    EXPECT_TRUE(read_plan(plan_json(*plan)));
}

TEST(AdaptivePlan, HasALadderOfEachCodecAndScalesEachSizeOnce) {
    AdaptiveVideoOptions options;
    options.codecs = {StreamCodec::kAv1, StreamCodec::kH264, StreamCodec::kAv1};
    const auto plan = plan_adaptive(options, film({2560, 1440}), "film");
    ASSERT_TRUE(plan) << plan.error().message;
    const auto& branches = plan->pictures[0].branches;
    EXPECT_EQ(branches[0].track.name, "1440p-av1");
    EXPECT_TRUE(branches[0].encoding->restarts_at_keys);
    EXPECT_EQ(branches[1].track.name, "1080p");
    EXPECT_FALSE(branches[1].encoding->restarts_at_keys);
    EXPECT_EQ(branches[1].steps.size(), 1U);
    EXPECT_EQ(branches[2].track.name, "1080p-av1");
    EXPECT_TRUE(branches[2].steps.empty()) << "the pictures of the branch above";
    EXPECT_EQ(plan->pictures[0].treatment.placement.canvas, (Size{2560, 1440}));
    EXPECT_TRUE(read_plan(plan_json(*plan)));
}

TEST(AdaptivePlan, NeverNamesAPlaylistLikeTheMaster) {
    const auto sound = plan_adaptive({}, film({640, 360}), "audio");
    EXPECT_EQ(sound->sounds[0].branches[0].track.name, "audio-main");
    const auto picture = plan_adaptive({}, film({640, 360}), "360p");
    EXPECT_EQ(picture->pictures[0].branches[0].track.name, "360p-video");
}

TEST(AdaptivePlan, NamesADashManifestUnlessThatIsRefused) {
    AdaptiveVideoOptions options;
    const auto with = plan_adaptive(options, film({640, 360}), "film");
    ASSERT_TRUE(with);
    EXPECT_EQ(with->outputs[0].options.at(kDash).as_string(), "manifest.mpd");
    options.dash = false;
    const auto without = plan_adaptive(options, film({640, 360}), "film");
    ASSERT_TRUE(without);
    EXPECT_TRUE(without->outputs[0].options.empty());
}

TEST(AdaptivePlan, WarnsOfMixedSoundUnlessAllItsChannelsAreThereToo) {
    SourceFacts facts = film({200, 100});
    facts.sound->channels = 4;
    facts.sound->layout = "quad";
    const auto mixed = plan_adaptive({}, facts, "film");
    ASSERT_TRUE(mixed);
    EXPECT_EQ(mixed->warnings.size(), 1U);
    EXPECT_TRUE(mixed->sounds[0].is_mixed);
    facts.sound->channels = 6;
    facts.sound->layout = "5.1";
    const auto whole = plan_adaptive({}, facts, "film");
    ASSERT_TRUE(whole);
    EXPECT_TRUE(whole->warnings.empty());
    EXPECT_TRUE(whole->sounds[0].is_mixed && !whole->sounds[1].is_mixed);
}

}  // namespace
}  // namespace ittybit::tasks
