#include "tasks/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tasks/picture_plan.h"
#include "tasks/plan_time.h"
#include "tasks/quality.h"
#include "tasks/treatment.h"

namespace ittybit::tasks {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

PictureFacts web_ready_picture() {
    PictureFacts facts;
    facts.codec = "h264";
    facts.profile = FF_PROFILE_H264_HIGH;
    facts.level = 40;
    facts.format = AV_PIX_FMT_YUV420P;
    facts.stored = {1280, 720};
    facts.display = {1280, 720};
    facts.fps = {25, 1};
    facts.packets = PacketFacts{
        .packets = 250,
        .bytes = 2'500'000,
        .seconds = 10,
        .longest_key_gap = 4,
        .is_seamless = true,
    };
    return facts;
}

SoundFacts web_ready_sound() {
    SoundFacts facts;
    facts.codec = "aac";
    facts.profile = FF_PROFILE_AAC_LOW;
    facts.format = AV_SAMPLE_FMT_FLTP;
    facts.stream = 1;
    facts.packets = PacketFacts{.packets = 470, .is_seamless = true};
    return facts;
}

SourceFacts web_ready() {
    SourceFacts source;
    source.duration = 10;
    source.picture = web_ready_picture();
    source.sound = web_ready_sound();
    return source;
}

Plan planned(const VideoOptions& options, const SourceFacts& source) {
    auto plan = plan_video(options, source, "out.mp4", {});
    EXPECT_TRUE(static_cast<bool>(plan)) << (plan ? "" : plan.error().message);
    return plan ? *std::move(plan) : Plan{};
}

std::vector<std::string> filter_names(const std::vector<FilterStep>& steps) {
    std::vector<std::string> names;
    for (const auto& step : steps) names.push_back(step.filter);
    return names;
}

media::PictureShape plain_shape(int width, int height) {
    return {.width = width, .height = height, .format = AV_PIX_FMT_YUV420P};
}

TEST(VideoPlan, CopiesWhatIsReadyForTheWebWhenNothingElseIsAskedFor) {
    const Plan plan = planned({}, web_ready());
    EXPECT_TRUE(plan.pictures[0].copied);
    EXPECT_TRUE(plan.sounds[0].copied);
}

TEST(VideoPlan, EncodesSoundWhoseLoudnessIsChanged) {
    VideoOptions options;
    options.normalize = Normalize::kLufs;
    SourceFacts source = web_ready();
    const Plan plan = planned(options, source);
    EXPECT_TRUE(plan.pictures[0].copied);
    EXPECT_EQ(plan.sounds[0].why_encoded, "its loudness is changed");
    EXPECT_EQ(plan.sounds[0].loudness, (LoudnessTarget{.lufs = -16, .most_dbtp = -4.1}));
    EXPECT_TRUE(plan.warnings.empty());
    source.sound.reset();
    EXPECT_EQ(planned(options, source).warnings.size(), 1U);
}

TEST(VideoPlan, EncodesThePictureWhenAnOptionTouchesIt) {
    std::vector<VideoOptions> all(8);
    all[0].quality = Quality::kMedium;
    all[1].bitrate = 1'000'000;
    all[2].fps = 25;
    all[3].width = Length{640, false};
    all[4].height = Length{50, true};
    all[5].frames = 10;
    all[6].start = 1;
    all[7].end = 5;
    for (const auto& options : all) EXPECT_FALSE(planned(options, web_ready()).pictures[0].copied);
}

TEST(VideoPlan, KeepsTheSoundWhenOnlyThePictureIsTouched) {
    VideoOptions options;
    options.height = Length{360, false};
    const Plan plan = planned(options, web_ready());
    EXPECT_FALSE(plan.pictures[0].copied);
    EXPECT_TRUE(plan.sounds[0].copied);
}

struct Refusal {
    const char* reason;
    void (*change)(PictureFacts&);
};

class CopyRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(CopyRefusal, SaysWhy) {
    PictureFacts facts = web_ready_picture();
    EXPECT_THAT(reason_not_to_copy(facts, {}), IsEmpty());
    GetParam().change(facts);
    EXPECT_THAT(reason_not_to_copy(facts, {}), HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    CopyRefusal,
    testing::Values(
        Refusal{"codec is vp9", [](PictureFacts& f) { f.codec = "vp9"; }},
        Refusal{"8-bit 4:2:0", [](PictureFacts& f) { f.format = AV_PIX_FMT_YUV420P10; }},
        Refusal{"8-bit 4:2:0", [](PictureFacts& f) { f.format = AV_PIX_FMT_YUV444P; }},
        Refusal{"full range", [](PictureFacts& f) { f.range = AVCOL_RANGE_JPEG; }},
        Refusal{"interlaced", [](PictureFacts& f) { f.is_interlaced = true; }},
        Refusal{"SDR", [](PictureFacts& f) { f.hdr = media::Hdr::kPq; }},
        Refusal{"square", [](PictureFacts& f) { f.has_square_pixels = false; }},
        Refusal{"rotated", [](PictureFacts& f) { f.orientation.rotation = 90; }},
        Refusal{"rotated", [](PictureFacts& f) { f.orientation.is_mirrored = true; }},
        Refusal{"transparency", [](PictureFacts& f) { f.has_alpha = true; }},
        Refusal{"level", [](PictureFacts& f) { f.level = 52; }},
        Refusal{"profile", [](PictureFacts& f) { f.profile = FF_PROFILE_H264_HIGH_422; }},
        Refusal{"16.0 s apart", [](PictureFacts& f) { f.packets->longest_key_gap = 16; }},
        Refusal{"bit rate", [](PictureFacts& f) { f.packets->bytes = 50'000'000; }},
        Refusal{"as they are", [](PictureFacts& f) { f.packets->is_seamless = false; }},
        Refusal{"odd", [](PictureFacts& f) { f.stored.width = 1279; }}
    )
);

TEST(VideoPlan, DoesNotCopySurroundOrOtherSound) {
    SoundFacts facts = web_ready_sound();
    EXPECT_THAT(reason_not_to_copy(facts, VideoOptions{}), IsEmpty());
    facts.channels = 6;
    EXPECT_THAT(reason_not_to_copy(facts, VideoOptions{}), HasSubstr("two channels"));
    facts = web_ready_sound();
    facts.codec = "mp3";
    EXPECT_THAT(reason_not_to_copy(facts, VideoOptions{}), HasSubstr("mp3"));
    VideoOptions webm;
    webm.format = VideoFormat::kWebm;
    EXPECT_THAT(reason_not_to_copy(web_ready_sound(), webm), HasSubstr("aac"));
}

TEST(TimePlan, RefusesAStartBehindTheEnd) {
    std::vector<std::string> warnings;
    Span span;
    span.start = 10;
    const auto plan = plan_window(span, 10, warnings);
    ASSERT_FALSE(static_cast<bool>(plan));
    EXPECT_EQ(plan.error().kind, ErrorKind::kStartOutOfRange);
}

TEST(TimePlan, ClampsTheEndWithAWarning) {
    std::vector<std::string> warnings;
    Span span;
    span.start = 2;
    span.end = 30;
    const auto plan = plan_window(span, 10, warnings);
    ASSERT_TRUE(static_cast<bool>(plan));
    EXPECT_FALSE(plan->end.has_value());
    EXPECT_DOUBLE_EQ(*plan->duration, 8);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_THAT(warnings[0], HasSubstr("10.000"));
}

TEST(VideoPlan, CutsAtTheLastOfSoManyFramesOfAConstantRate) {
    VideoOptions options;
    options.frames = 50;
    options.fps = 25;
    const Plan plan = planned(options, web_ready());
    EXPECT_DOUBLE_EQ(*plan.window.end, 2);
}

TEST(VideoPlan, MixesSurroundToStereoAndSaysSo) {
    SourceFacts source = web_ready();
    source.sound->channels = 6;
    source.sound->layout = "5.1";
    const Plan plan = planned({}, source);
    EXPECT_EQ(plan.sounds[0].branches[0].encoding->format.layout, "stereo");
    ASSERT_EQ(plan.warnings.size(), 1U);
    EXPECT_THAT(plan.warnings[0], HasSubstr("5.1"));
}

TEST(VideoPlan, RefusesWhatX265CannotMake) {
    const SourceFacts source = web_ready();
    VideoOptions options;
    options.codec = VideoCodec::kH265;
    options.height = Length{8, false};
    const auto plan = plan_video(options, source, "out.mp4", {});
    ASSERT_FALSE(static_cast<bool>(plan));
    EXPECT_EQ(plan.error().kind, ErrorKind::kEncodeFailed);
    EXPECT_THAT(plan.error().message, HasSubstr("16"));
}

TEST(VideoPlan, TakesAnotherAv1EncoderForTinyPictures) {
    PictureTarget target;
    target.codec = VideoCodec::kAv1;
    target.size = {62, 62};
    EXPECT_EQ(picture_encoding(target)->encoder, "libaom-av1");
    target.size = {64, 64};
    EXPECT_EQ(picture_encoding(target)->encoder, "libsvtav1");
}

TEST(VideoPlan, ReservesMoreRoomForALongerIndex) {
    SourceFacts source = web_ready();
    const auto small = planned({}, source).outputs[0].moov_size;
    source.duration = 3600;
    source.picture->packets.reset();
    const auto large = planned({}, source).outputs[0].moov_size;
    EXPECT_GT(small, 1000);
    EXPECT_GT(large, 50 * small);
}

TEST(VideoPlan, ShowsTheFiltersForThePicturesThatTheHeadersTellOf) {
    SourceFacts source = web_ready();
    source.picture->is_interlaced = true;
    VideoOptions options;
    options.height = Length{360, false};
    const Treatment treatment = planned(options, source).pictures[0].treatment;
    EXPECT_THAT(filter_names(treatment.steps), testing::ElementsAre("bwdif", "scale", "format"));
    auto shape = plain_shape(1280, 720);
    shape.is_interlaced = true;
    EXPECT_EQ(steps_for(treatment, shape), treatment.steps);
    EXPECT_THAT(
        filter_names(steps_for(treatment, plain_shape(640, 480))),
        testing::ElementsAre("scale", "format")
    );
}

TEST(VideoPlan, ShowsWhatIsCutOutAndWhatTransparentPicturesAreLaidOn) {
    SourceFacts source = web_ready();
    source.picture->has_alpha = true;
    source.picture->format = AV_PIX_FMT_RGBA;
    VideoOptions options;
    options.width = options.height = Length{300, false};
    options.fit = Fit::kCover;
    const Treatment treatment = planned(options, source).pictures[0].treatment;
    EXPECT_EQ(treatment.shape.format, "rgb0");
    EXPECT_EQ(treatment.flatten, (Colour{255, 255, 255, 255}));
    EXPECT_THAT(filter_names(treatment.steps), testing::ElementsAre("scale", "format", "crop"));
}

TEST(VideoPlan, ExpectsWhatTheTablesTellWithinTheWindow) {
    SourceFacts source = web_ready();
    source.picture->told_end = 9.5;
    VideoOptions options;
    options.start = 2;
    EXPECT_DOUBLE_EQ(*planned(options, source).pictures[0].expects.seconds, 7.5);
    options.end = 6;
    EXPECT_DOUBLE_EQ(*planned(options, source).pictures[0].expects.seconds, 4);
    EXPECT_FALSE(planned(options, source).sounds[0].expects.seconds);
}

TEST(Treatment, NeedsNoFilterForPicturesThatAreAsWanted) {
    const auto treatment = plan_treatment(web_ready_picture(), {});
    EXPECT_THAT(yuv_steps(treatment, plain_shape(1280, 720)), IsEmpty());
}

TEST(Treatment, ScalesPicturesOfAnotherSizeToThePinnedOne) {
    const auto treatment = plan_treatment(web_ready_picture(), {});
    const auto steps = yuv_steps(treatment, plain_shape(640, 480));
    EXPECT_THAT(filter_names(steps), testing::ElementsAre("scale", "format"));
    EXPECT_EQ(steps[0].options.at("width").as_int64(), 1280);
}

TEST(Treatment, TurnsAfterScalingInTheStoredDirection) {
    PictureFacts facts = web_ready_picture();
    facts.orientation.rotation = 90;
    facts.display = {720, 1280};
    Framing framing;
    framing.width = Length{360, false};
    const auto treatment = plan_treatment(facts, framing);
    EXPECT_EQ(treatment.placement.canvas, (Size{360, 640}));
    const auto steps = steps_for(treatment, plain_shape(1280, 720));
    EXPECT_THAT(filter_names(steps), testing::ElementsAre("scale", "format", "transpose"));
    EXPECT_EQ(steps[0].options.at("width").as_int64(), 640);
}

TEST(Treatment, DeinterlacesFirst) {
    auto shape = plain_shape(1280, 720);
    shape.is_interlaced = true;
    const auto steps = yuv_steps(plan_treatment(web_ready_picture(), {}), shape);
    EXPECT_THAT(filter_names(steps), testing::ElementsAre("bwdif"));
}

TEST(Treatment, MapsTonesOfHdrWhateverTheHeadersSay) {
    auto shape = plain_shape(1280, 720);
    shape.format = AV_PIX_FMT_YUV420P10;
    shape.transfer = AVCOL_TRC_SMPTE2084;
    const auto steps = yuv_steps(plan_treatment(web_ready_picture(), {}), shape);
    EXPECT_THAT(filter_names(steps), testing::Contains("tonemap"));
}

TEST(Treatment, TagsColoursBySizeWhereTheFileDoesNot) {
    PictureFacts facts = web_ready_picture();
    EXPECT_EQ(output_colour(facts).matrix, "bt709");
    facts.stored = {640, 480};
    EXPECT_EQ(output_colour(facts).matrix, "smpte170m");
    facts.matrix = AVCOL_SPC_BT709;
    EXPECT_EQ(output_colour(facts).matrix, "bt709");
    facts.hdr = media::Hdr::kHlg;
    EXPECT_EQ(output_colour(facts).transfer, "bt709");
}

TEST(AudioPlan, KeepsRateLayoutAndBitsOfLosslessFormats) {
    SoundFacts facts;
    facts.codec = "flac";
    facts.is_lossless = true;
    facts.bits = 24;
    facts.format = AV_SAMPLE_FMT_S32;
    facts.channels = 6;
    facts.layout = "5.1";
    facts.sample_rate = 96000;
    const auto wav = sound_encoding(AudioFormat::kWav, Quality::kLow, {}, facts);
    EXPECT_EQ(wav.encoder, "pcm_s24le");
    EXPECT_EQ(wav.format.layout, "5.1");
    EXPECT_EQ(wav.format.sample_rate, 96000);
    const auto flac = sound_encoding(AudioFormat::kFlac, Quality::kLow, {}, facts);
    EXPECT_EQ(flac.bits_per_sample, 24);
}

TEST(AudioPlan, ChoosesARateThatTheCodecLikes) {
    SoundFacts facts;
    const auto rate = [&](AudioFormat format, int source) {
        facts.sample_rate = source;
        return sound_encoding(format, Quality::kMedium, {}, facts).format.sample_rate;
    };
    EXPECT_EQ(rate(AudioFormat::kMp3, 44100), 44100);
    EXPECT_EQ(rate(AudioFormat::kMp3, 88200), 44100);
    EXPECT_EQ(rate(AudioFormat::kAac, 96000), 48000);
    EXPECT_EQ(rate(AudioFormat::kAac, 11024), 22050);
    EXPECT_EQ(rate(AudioFormat::kMp3, 8000), 24000);
    EXPECT_EQ(rate(AudioFormat::kOpus, 44100), 48000);
    EXPECT_EQ(rate(AudioFormat::kWav, 192000), 192000);
}

}  // namespace
}  // namespace ittybit::tasks
