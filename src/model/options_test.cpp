#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/operation.h"

namespace ittybit {
namespace {

using testing::HasSubstr;

std::vector<OptionProblem> problems_of(std::string_view kind, std::string_view options) {
    std::vector<OptionProblem> problems;
    const auto document = parse_json(options);
    EXPECT_TRUE(document) << options;
    read_operation(kind, *document, problems);
    return problems;
}

OptionProblem only_problem(std::string_view kind, std::string_view options) {
    const auto problems = problems_of(kind, options);
    EXPECT_EQ(problems.size(), 1U) << options;
    return problems.empty() ? OptionProblem{} : problems.front();
}

TEST(Options, ASubtitleTrackIsANumberHoweverItIsWritten) {
    EXPECT_EQ(TrackChoice::from_json(2)->number, 2);
    EXPECT_EQ(TrackChoice::from_json("2")->number, 2);
    EXPECT_EQ(TrackChoice::from_json("eng")->language, "eng");
    for (const auto& wrong : {json::value("99999999999"), json::value("-1"), json::value(-1)})
        EXPECT_FALSE(TrackChoice::from_json(wrong)) << wrong;
    EXPECT_EQ(only_problem("video", R"({"subtitle_track": "-1"})").field, "subtitle_track");
}

TEST(Options, EveryKindRoundTripsThroughItsCanonicalJson) {
    for (const auto kind : kKinds) {
        std::vector<OptionProblem> problems;
        const json::value given = kind == "animation" ? json::object{{"end", 2.5}} : json::object{};
        const auto first = read_operation(kind, given, problems);
        const auto second = read_operation(kind, options_json(first), problems);
        EXPECT_TRUE(problems.empty()) << kind << ": " << problems.front().message;
        EXPECT_EQ(options_json(first), options_json(second)) << kind;
    }
}

TEST(Options, AProblemNamesFieldRangeAndValue) {
    const auto problem = only_problem("video", R"({"fps": 61})");
    EXPECT_EQ(problem.kind, ErrorKind::kInvalidOptions);
    EXPECT_EQ(problem.field, "fps");
    EXPECT_EQ(problem.message, "fps must be between 1 and 60, not 61");
    EXPECT_EQ(
        only_problem("video", R"({"bitrate": 99999999999})").message,
        "bitrate must be between 300000 and 60000000, not 99999999999"
    );
    EXPECT_EQ(only_problem("video", R"({"width": 8193})").field, "width");
    EXPECT_EQ(problems_of("image", R"({"width": 8193})").size(), 0U);
}

TEST(Options, AnUnknownOptionNamesTheNearestKnownOne) {
    EXPECT_THAT(
        only_problem("video", R"({"qualty": "high"})").message, HasSubstr("nearest is quality")
    );
    EXPECT_EQ(only_problem("audio", R"({"width": 100})").kind, ErrorKind::kInvalidOptions);
    EXPECT_EQ(only_problem("video", R"({"interval": 2})").kind, ErrorKind::kInvalidOptions);
}

TEST(Options, FormatAndCodecHaveTheirOwnKinds) {
    EXPECT_EQ(only_problem("video", R"({"format": "avi"})").kind, ErrorKind::kInvalidFormat);
    EXPECT_EQ(
        only_problem("video", R"({"format": "webm", "codec": "h264"})").kind,
        ErrorKind::kInvalidCodec
    );
    EXPECT_EQ(
        only_problem("video", R"({"format": "mov", "codec": "av1"})").kind, ErrorKind::kInvalidCodec
    );
    EXPECT_EQ(problems_of("video", R"({"format": "mp4", "codec": "av1"})").size(), 0U);
    EXPECT_EQ(problems_of("image", R"({"format": "jpg"})").size(), 0U);
}

TEST(Options, EveryProblemIsListedInTheOrderOfItsKind) {
    const auto problems = problems_of("video", R"({"fps": 0, "codec": "divx", "format": "avi"})");
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0].kind, ErrorKind::kInvalidFormat);
    EXPECT_EQ(problems[1].kind, ErrorKind::kInvalidCodec);
    EXPECT_EQ(problems[2].kind, ErrorKind::kInvalidOptions);
}

TEST(Options, ATargetOfLoudnessGoesWithNormalizeAndSound) {
    for (const auto* kind : {"video", "audio", "adaptive_video"}) {
        EXPECT_EQ(problems_of(kind, R"({"normalize": "lufs"})").size(), 0U) << kind;
        const auto* both = R"({"normalize": "lufs", "target_lufs": -23})";
        EXPECT_EQ(problems_of(kind, both).size(), 0U) << kind;
        EXPECT_EQ(only_problem(kind, R"({"target_lufs": -23})").field, "target_lufs") << kind;
        const auto* too_loud = R"({"normalize": "lufs", "target_lufs": -4.9})";
        EXPECT_THAT(only_problem(kind, too_loud).message, HasSubstr("between -40 and -5"));
        EXPECT_EQ(only_problem(kind, R"({"normalize": "peak"})").field, "normalize");
    }
    const auto* silent = R"({"normalize": "lufs", "no_audio": true})";
    EXPECT_EQ(only_problem("video", silent).field, "normalize");
    EXPECT_EQ(only_problem("adaptive_video", silent).field, "normalize");
    EXPECT_EQ(only_problem("image", R"({"normalize": "lufs"})").field, "normalize");
    EXPECT_EQ(only_problem("animation", R"({"end": 1, "normalize": "lufs"})").field, "normalize");
}

TEST(Options, EndMustBeAfterStart) {
    EXPECT_EQ(only_problem("video", R"({"start": 5, "end": 5})").field, "end");
    EXPECT_EQ(only_problem("audio", R"({"end": 0})").field, "end");
    EXPECT_EQ(only_problem("animation", R"({})").message, "end is required");
}

TEST(Options, PicturesInStepsHaveAnEndAndSheets) {
    EXPECT_TRUE(problems_of("image", R"({"interval": 0.1, "start": 1, "end": 2})").empty());
    EXPECT_TRUE(problems_of("image", R"({"interval": 3600, "sheet": "sprite"})").empty());
    EXPECT_TRUE(problems_of("image", R"({"start": "auto"})").empty());
    EXPECT_EQ(only_problem("image", R"({"end": 2})").field, "end");
    EXPECT_EQ(only_problem("image", R"({"sheet": "sprite"})").field, "sheet");
    EXPECT_EQ(only_problem("image", R"({"interval": 1, "start": 2, "end": 2})").field, "end");
    EXPECT_EQ(only_problem("image", R"({"interval": 1, "start": "auto"})").field, "start");
    EXPECT_EQ(only_problem("image", R"({"interval": 0.05})").field, "interval");
    EXPECT_EQ(only_problem("image", R"({"start": "soon"})").field, "start");
    EXPECT_EQ(only_problem("image", R"({"start": -1})").field, "start");
}

TEST(Options, ABackgroundNeedsRoomToPad) {
    EXPECT_EQ(
        only_problem("video", R"({"fit": "cover", "background": "#fff"})").field, "background"
    );
    EXPECT_EQ(problems_of("video", R"({"background": "#ffffff80"})").size(), 0U);
    EXPECT_EQ(only_problem("video", R"({"background": "red"})").field, "background");
}

TEST(Options, LengthsArePixelsOrPercent) {
    EXPECT_EQ(problems_of("video", R"({"width": "50%", "height": 101})").size(), 0U);
    EXPECT_EQ(only_problem("video", R"({"width": "0%"})").field, "width");
    EXPECT_EQ(only_problem("video", R"({"width": "50"})").field, "width");
    EXPECT_EQ(only_problem("video", R"({"width": 0})").field, "width");
    EXPECT_EQ(only_problem("video", R"({"width": 10.5})").field, "width");
    EXPECT_EQ((Length{.value = 50, .is_percent = true}.pixels(1920)), 960);
}

TEST(Options, WavAndFlacHaveNoBitrate) {
    EXPECT_EQ(only_problem("audio", R"({"format": "flac", "bitrate": 128000})").field, "bitrate");
    EXPECT_EQ(problems_of("audio", R"({"format": "wav", "quality": "low"})").size(), 0U);
}

TEST(Options, AWaveformIsMadeInPlaceOfSound) {
    EXPECT_EQ(problems_of("audio", R"({"waveform": "json", "waveform_points": 20000})").size(), 0U);
    EXPECT_EQ(
        problems_of("audio", R"({"waveform": "png", "width": 300, "height": 64, "colour": "#f00"})")
            .size(),
        0U
    );
    const auto no_format = only_problem("audio", R"({"waveform": "json", "format": "wav"})");
    EXPECT_EQ(no_format.kind, ErrorKind::kInvalidFormat);
    EXPECT_EQ(no_format.field, "format");
    EXPECT_EQ(
        only_problem("audio", R"({"waveform": "png", "bitrate": 64000})").message,
        "bitrate does not go with waveform, which is made in place of sound: leave one of them out"
    );
    EXPECT_EQ(only_problem("audio", R"({"waveform": "png", "quality": "low"})").field, "quality");
    const auto* levelled = R"({"waveform": "json", "normalize": "lufs", "target_lufs": -20})";
    ASSERT_EQ(problems_of("audio", levelled).size(), 2U);
    EXPECT_EQ(problems_of("audio", levelled)[0].field, "normalize");
    EXPECT_EQ(problems_of("audio", levelled)[1].field, "target_lufs");
    EXPECT_EQ(
        only_problem("audio", R"({"waveform": "png", "waveform_points": 10})").field,
        "waveform_points"
    );
    EXPECT_EQ(only_problem("audio", R"({"waveform_points": 10})").field, "waveform_points");
    for (const auto* option : {"width", "height"}) {
        const auto options = std::string(R"({"waveform": "json", ")") + option + R"(": 100})";
        EXPECT_EQ(only_problem("audio", options).field, option);
    }
    for (const auto* option : {"colour", "background"}) {
        const auto options = std::string(R"({")") + option + R"(": "#fff"})";
        EXPECT_EQ(only_problem("audio", options).field, option);
    }
    EXPECT_EQ(
        only_problem("audio", R"({"waveform": "json", "waveform_points": 9})").message,
        "waveform_points must be between 10 and 20000, not 9"
    );
    EXPECT_EQ(only_problem("audio", R"({"waveform": "png", "width": "50%"})").field, "width");
}

TEST(Options, AStreamWithoutPicturesNeedsSoundAndNoFrame) {
    EXPECT_EQ(problems_of("adaptive_video", R"({"mute_video": true})").size(), 0U);
    EXPECT_EQ(
        only_problem("adaptive_video", R"({"mute_video": true, "no_audio": true})").field,
        "mute_video"
    );
    EXPECT_EQ(
        only_problem("adaptive_video", R"({"mute_video": true, "width": 640})").message,
        "width does not go with mute_video, which leaves the picture out"
    );
    EXPECT_EQ(
        only_problem("adaptive_video", R"({"mute_video": true, "codecs": ["av1"]})").message,
        "codecs does not go with mute_video, which leaves the picture out"
    );
    EXPECT_EQ(only_problem("video", R"({"mute_video": true})").field, "mute_video");
}

TEST(Options, TheExtensionDecidesTheFormat) {
    EXPECT_EQ(format_for_extension("audio", "JSON"), "json");
    EXPECT_EQ(extension_of(AudioOptions{}), "mp3");
    EXPECT_EQ(format_for_extension("image", "JPG"), "jpeg");
    EXPECT_EQ(format_for_extension("adaptive_video", "m3u8"), "hls");
    EXPECT_EQ(format_for_extension("video", "avi"), "");
}

}  // namespace
}  // namespace ittybit
