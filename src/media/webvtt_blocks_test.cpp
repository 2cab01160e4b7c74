#include "media/webvtt_blocks.h"

#include <gtest/gtest.h>

namespace ittybit::media {
namespace {

TEST(WebvttCues, AreAllThatIsKept) {
    const auto cues = webvtt_cues(
        "\xEF\xBB\xBFWEBVTT - a title\r\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\r\n\r\n"
        "STYLE\r\n::cue { color: lime }\r\n\r\n"
        "REGION\r\nid:one\r\n\r\n"
        "NOTE nothing\r\n\r\n"
        "first\r\n00:01.000 --> 00:02.000 line:0 align:start\r\nOne\r\nline more\r\n\r\n"
        "01:00:03.000\t-->\t01:00:04.500\r\nTwo\r\n"
    );
    EXPECT_EQ(
        cues.text,
        "WEBVTT\n\n00:01.000 --> 00:02.000 line:0 align:start\nOne\nline more\n\n"
        "01:00:03.000 --> 01:00:04.500\nTwo\n"
    );
    EXPECT_EQ(cues.left_out, 0);
}

TEST(WebvttCues, MayHaveTimesLikeSrt) {
    const auto cues = webvtt_cues("WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nOne\n");
    EXPECT_EQ(cues.text, "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\n");
}

TEST(WebvttCues, WithBrokenTimesDoNotHideTheRest) {
    const auto cues = webvtt_cues(
        "WEBVTT\n\n00:0x.000 --> 00:02.000\nBroken\n\n00:03 -->\nToo\n\n"
        "::.5 --> 00:04.000\nToo\n\n00:01.0.0 --> 00:04.000\nToo\n\n"
        "00.01:000 --> 00:04.000\nToo\n\n9999999999:00.000 --> 00:04.000\nToo\n\n"
        "00:05.000 --> 00:06.000\nWhole\n00:07.000 --> 00:08.000\nNo line between\n"
    );
    EXPECT_EQ(
        cues.text,
        "WEBVTT\n\n00:05.000 --> 00:06.000\nWhole\n\n00:07.000 --> 00:08.000\nNo line between\n"
    );
    EXPECT_EQ(cues.left_out, 6);
}

TEST(WebvttCues, ThatShowNothingAreNone) {
    EXPECT_EQ(webvtt_cues("WEBVTT\n\n00:01.000 --> 00:02.000\n\n").text, "WEBVTT\n");
    EXPECT_EQ(webvtt_cues("WEBVTT").text, "WEBVTT\n");
}

}  // namespace
}  // namespace ittybit::media
