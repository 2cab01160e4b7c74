#include "media/facts.h"

#include <gmock/gmock.h>

#include "media/testing.h"

namespace ittybit::media {
namespace {

File facts(const std::string& name) {
    const auto input = open_clip(name);
    auto file = facts_of(*input);
    if (file) return *std::move(file);
    ADD_FAILURE() << name << ": " << file.error().message;
    return {};
}

TEST(Facts, DescribeAVideo) {
    const File file = facts("flash-720p.mp4");
    EXPECT_EQ(file.kind, "video");
    EXPECT_EQ(file.format, "mp4");
    EXPECT_EQ(file.width, 1280);
    EXPECT_EQ(file.height, 720);
    EXPECT_NEAR(file.duration.value_or(0), 6, 0.05);
    EXPECT_EQ(file.fps, 25.0);
    EXPECT_EQ(file.rotation, 0);
    EXPECT_EQ(file.codecs.video, "h264");
    EXPECT_EQ(file.codecs.audio, "aac");
    EXPECT_NEAR(
        static_cast<double>(file.bitrate.value_or(0)),
        static_cast<double>(file.size.value_or(0)) * 8 / 6, 5000
    );
    ASSERT_EQ(file.streams.size(), 2U);
    EXPECT_EQ(file.streams[0].type, "video");
    EXPECT_EQ(file.streams[0].bit_depth, 8);
    EXPECT_EQ(file.streams[0].interlaced, false);
    EXPECT_EQ(file.streams[0].sample_aspect, std::nullopt);
    EXPECT_EQ(file.streams[1].channel_layout, "mono");
    EXPECT_EQ(file.streams[1].sample_rate, 48000);
    EXPECT_EQ(file.streams[1].language, std::nullopt) << "und is no language";
}

TEST(Facts, TurnAndStretchTheDisplaySizeOnly) {
    const File turned = facts("corner-stored-90.mp4");
    EXPECT_EQ(turned.width, 320);
    EXPECT_EQ(turned.rotation, 90);
    EXPECT_EQ(turned.streams[0].width, 240);
    EXPECT_EQ(turned.streams[0].rotation, 90);
    const File stretched = facts("corner-anamorphic.mp4");
    EXPECT_EQ(stretched.width, 320);
    EXPECT_EQ(stretched.streams[0].width, 160);
    EXPECT_EQ(stretched.streams[0].sample_aspect, "2:1");
}

TEST(Facts, TellHdrAndColour) {
    const File file = facts("bars-hdr10.mp4");
    EXPECT_EQ(file.streams[0].hdr, "hdr10");
    EXPECT_EQ(file.streams[0].bit_depth, 10);
    EXPECT_EQ(file.streams[0].color_primaries, "bt2020");
    EXPECT_EQ(file.streams[0].color_transfer, "smpte2084");
    EXPECT_EQ(facts("bars-hlg.mp4").streams[0].hdr, "hlg");
    EXPECT_EQ(facts("bars-sdr.mp4").streams[0].hdr, std::nullopt);
}

TEST(Facts, TellInterlacedByTheFrames) {
    EXPECT_EQ(facts("interlaced.mpg").streams[0].interlaced, true);
    EXPECT_EQ(facts("interlaced.mp4").streams[0].interlaced, true);
    EXPECT_EQ(facts("corner-anamorphic-dv.mpg").streams[0].interlaced, false);
}

TEST(Facts, CallCoverArtACover) {
    const File file = facts("cover.mp3");
    EXPECT_EQ(file.kind, "audio");
    EXPECT_EQ(file.format, "mp3");
    EXPECT_EQ(file.width, std::nullopt);
    EXPECT_EQ(file.codecs.video, std::nullopt);
    ASSERT_EQ(file.streams.size(), 2U);
    EXPECT_EQ(file.streams[1].type, "cover");
    EXPECT_EQ(file.streams[1].width, 320);
}

TEST(Facts, DescribeSound) {
    const File file = facts("surround.flac");
    EXPECT_EQ(file.kind, "audio");
    EXPECT_EQ(file.streams[0].channels, 6);
    EXPECT_EQ(file.streams[0].channel_layout, "5.1");
    EXPECT_NEAR(file.duration.value_or(0), 3, 0.01);
}

TEST(Facts, TellTransparency) {
    EXPECT_EQ(facts("alpha.webm").streams[0].alpha, true);
    EXPECT_EQ(facts("flash-small.webm").streams[0].alpha, false);
}

TEST(Facts, FlagTheDefaultTrack) {
    const File file = facts("two-tracks.mp4");
    EXPECT_EQ(file.streams[1].is_default, false);
    EXPECT_EQ(file.streams[2].is_default, true);
}

TEST(Facts, DescribeAStillAndAnAnimation) {
    const File still = facts("corner.bmp");
    EXPECT_EQ(still.kind, "image");
    EXPECT_EQ(still.format, "bmp");
    EXPECT_EQ(still.width, 320);
    EXPECT_EQ(still.duration, std::nullopt);
    const File animation = facts("animated.apng");
    EXPECT_EQ(animation.kind, "animation");
    EXPECT_NEAR(animation.duration.value_or(0), 2, 0.11);
}

}  // namespace
}  // namespace ittybit::media
