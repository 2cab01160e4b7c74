#include "model/output_name.h"

#include <gtest/gtest.h>

#include "model/content_type.h"

namespace ittybit {
namespace {

std::string_view kind_of_error(
    std::string_view kind, std::string_view output, json::object options
) {
    const auto settled = settle_format(kind, output, options);
    return settled ? "" : name_of(settled.error().kind);
}

TEST(OutputName, TheExtensionDecidesTheFormat) {
    json::object options;
    ASSERT_TRUE(settle_format("video", "s3://bucket/a.b/clip.WEBM", options));
    EXPECT_EQ(options.at("format"), json::value("webm"));
    json::object none;
    ASSERT_TRUE(settle_format("video", "folder.d/clip", none));
    EXPECT_TRUE(none.empty());
}

TEST(OutputName, TheExtensionOfAWaveformAsksForOne) {
    json::object options;
    ASSERT_TRUE(settle_format("audio", "wave.JSON", options));
    EXPECT_EQ(options, (json::object{{"waveform", "json"}}));
    EXPECT_EQ(kind_of_error("audio", "o.png", {{"waveform", "png"}}), "");
    EXPECT_EQ(kind_of_error("audio", "o.png", {{"waveform", "json"}}), "invalid_output");
    EXPECT_EQ(kind_of_error("audio", "o.mp3", {{"waveform", "json"}}), "invalid_output");
    EXPECT_EQ(kind_of_error("audio", "o.json", {{"format", "mp3"}}), "invalid_output");
    EXPECT_EQ(kind_of_error("video", "o.json", {}), "invalid_output");
}

TEST(OutputName, AFolderOfPicturesHasNoExtension) {
    EXPECT_EQ(kind_of_error("image", "s3://bucket/thumbs/", {{"interval", 1}}), "");
    EXPECT_EQ(kind_of_error("image", "s3://bucket/thumbs", {{"interval", 1}}), "");
    EXPECT_EQ(
        kind_of_error("image", "s3://bucket/thumbs.jpg", {{"interval", 1}}), "invalid_output"
    );
    EXPECT_TRUE(check_s3_output("s3://bucket/thumbs/", /*is_folder=*/true));
    EXPECT_FALSE(check_s3_output("s3://bucket/thumbs/"));
    EXPECT_FALSE(check_s3_output("s3://bucket/", /*is_folder=*/true));
    EXPECT_FALSE(check_s3_output("s3://bucket/a//", /*is_folder=*/true));
}

TEST(OutputName, AnAddressEndsInAnExtensionOrInNone) {
    EXPECT_EQ(extension_of_address("https://h/a.b/clip.MOV?x=a/b.c#d.e"), "MOV");
    EXPECT_EQ(extension_of_address("s3://bucket/in/a film.mp4"), "mp4");
    EXPECT_EQ(extension_of_address("file:///home/me/a%20b.wav"), "wav");
    EXPECT_EQ(extension_of_address("b/c?.mp3"), "mp3");
    for (const auto* none :
         {"https://host.com", "https://h/clip", "https://h/.mov", "clip", "https://h/a.{id}",
          "https://h/a.m%2Fp"})
        EXPECT_EQ(extension_of_address(none), "") << none;
}

TEST(OutputName, ATypeIsThatOfTheExtensionInAnyCase) {
    EXPECT_EQ(content_type_of("a/FILM.MP4"), "video/mp4");
    EXPECT_EQ(content_type_of("b/Master.M3u8"), "application/vnd.apple.mpegurl");
    EXPECT_EQ(content_type_of("b/x.exe"), kUnknownType);
}

TEST(OutputName, AContradictionIsAnError) {
    EXPECT_EQ(kind_of_error("video", "o.webm", {{"format", "mp4"}}), "invalid_output");
    EXPECT_EQ(kind_of_error("video", "o.avi", {}), "invalid_output");
    EXPECT_EQ(kind_of_error("image", "o.jpg", {{"format", "jpeg"}}), "");
    EXPECT_EQ(kind_of_error("image", "o.jpeg", {{"format", "jpg"}}), "");
    EXPECT_EQ(kind_of_error("adaptive_video", "o.m3u8", {{"format", "hls"}}), "");
    EXPECT_EQ(kind_of_error("video", "o.mp4", {{"format", "divx"}}), "");  // its own error later
}

TEST(OutputName, AnUnknownExtensionIsToldWhichThereAre) {
    const auto told = [](const char* kind, const char* output) {
        json::object options;
        return settle_format(kind, output, options).error().message;
    };
    EXPECT_EQ(
        told("audio", "o.m4a"),
        "output must not end in .m4a, which is no format of audio: it may end in .mp3, .aac, .ogg, "
        ".opus, .wav, .flac, .json, .png; AAC is written as .aac"
    );
    EXPECT_EQ(
        told("animation", "o.mp4"),
        "output must not end in .mp4, which is no format of animation: it may end in .webp, .gif"
    );
    EXPECT_TRUE(told("adaptive_video", "o.mpd").ends_with("it may end in .m3u8"));
}

TEST(Output, ABucketIsWhatItIsForInputs) {
    for (const auto* output :
         {"s3://../x.jpg", "s3://a..b/x.jpg", "s3://-/x.jpg", "s3://./x", "s3://ab/x",
          "s3://.abc/x", "s3://abc./x", "s3://a b/x"}) {
        EXPECT_FALSE(check_s3_output(output)) << output;
    }
    for (const auto* output : {"s3://bucket/x.jpg", "S3://my.bucket-1/{date}/x", "s3://a_b/x"}) {
        EXPECT_TRUE(check_s3_output(output)) << output;
    }
}

}  // namespace
}  // namespace ittybit
