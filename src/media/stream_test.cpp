#include "media/stream.h"

#include <gmock/gmock.h>

#include "media/testing.h"

namespace ittybit::media {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Orientation of_clip(const std::string& name) {
    const auto input = open_clip(name);
    return orientation_of(input->stream(*find_video(*input)));
}

Size shown(const std::string& name) {
    const auto input = open_clip(name);
    return display_size_of(*input, input->stream(*find_video(*input)));
}

TEST(Stream, ReadsTheOrientationThatDisplayNeeds) {
    EXPECT_EQ(of_clip("corner.mp4"), (Orientation{}));
    EXPECT_EQ(of_clip("corner-stored-90.mp4"), (Orientation{.rotation = 90}));
    EXPECT_EQ(of_clip("corner-stored-180.mp4"), (Orientation{.rotation = 180}));
    EXPECT_EQ(of_clip("corner-stored-270.mp4"), (Orientation{.rotation = 270}));
}

TEST(Stream, ReadsMirroredOrientationsAsMirrorThenTurn) {
    EXPECT_EQ(of_clip("corner-stored-hflip.mp4"), (Orientation{.is_mirrored = true}));
    EXPECT_EQ(
        of_clip("corner-stored-vflip.mp4"), (Orientation{.is_mirrored = true, .rotation = 180})
    );
    const Orientation transposed = of_clip("corner-stored-transpose.mp4");
    EXPECT_TRUE(transposed.is_mirrored);
    EXPECT_EQ(transposed.rotation, 270);
}

TEST(Stream, ShowsRotatedAndAnamorphicPicturesAtTheirDisplaySize) {
    EXPECT_EQ(shown("corner-stored-90.mp4"), (Size{320, 240}));
    EXPECT_EQ(shown("corner-anamorphic.mp4"), (Size{320, 240}));
    EXPECT_EQ(shown("corner-anamorphic-dv.mpg"), (Size{1024, 576}));
}

TEST(Stream, NeverShrinksAPictureForItsPixelShape) {
    EXPECT_EQ(display_size({100, 100}, {1, 2}, {}), (Size{100, 200}));
    EXPECT_EQ(display_size({100, 100}, {2, 1}, {}), (Size{200, 100}));
    EXPECT_EQ(display_size({100, 50}, {2, 1}, {.rotation = 90}), (Size{50, 200}));
}

TEST(Stream, TellsHdrByItsTransfer) {
    const auto hdr = [](const char* name) {
        const auto input = open_clip(name);
        return hdr_of(input->stream(*find_video(*input)));
    };
    EXPECT_EQ(hdr("bars-hdr10.mp4"), Hdr::kPq);
    EXPECT_EQ(hdr("bars-hlg.mp4"), Hdr::kHlg);
    EXPECT_EQ(hdr("bars-sdr.mp4"), Hdr::kNone);
}

TEST(Stream, DoesNotTakeACoverForTheVideo) {
    const auto input = open_clip("cover.m4a");
    EXPECT_EQ(find_video(*input), std::nullopt);
    const auto required = require_video(*input);
    ASSERT_FALSE(required);
    EXPECT_EQ(required.error().kind, ErrorKind::kNoVideoStream);
    const auto cover = cover_bytes(*input);
    ASSERT_TRUE(cover);
    EXPECT_EQ(sniff(*cover).format, "png");
}

TEST(Stream, ChoosesTheTrackThatIsFlaggedAsDefault) {
    const auto input = open_clip("two-tracks.mp4");
    const auto choice = choose_audio(*input);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->stream, 2);
    EXPECT_THAT(choice->warnings, IsEmpty());
}

TEST(Stream, PassesOverATrackThatDoesNotDecodeAndSaysSo) {
    const auto input = open_clip("bad-first-track.mp4");
    const auto choice = choose_audio(*input);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->stream, 2);
    EXPECT_THAT(choice->warnings, ElementsAre(HasSubstr("audio track 1")));
}

TEST(Stream, SaysThatThereIsNoSound) {
    const auto input = open_clip("no-audio.mp4");
    const auto choice = require_audio(*input);
    ASSERT_FALSE(choice);
    EXPECT_EQ(choice.error().kind, ErrorKind::kNoAudioStream);
}

}  // namespace
}  // namespace ittybit::media
