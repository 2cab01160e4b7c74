#include "conformance/boxes.h"

#include <gtest/gtest.h>

#include "conformance/coded.h"
#include "conformance/fragment.h"
#include "conformance/picture.h"
#include "conformance/transport_stream.h"
#include "conformance/webvtt.h"

namespace ittybit::conformance {
namespace {

using Data = std::vector<std::uint8_t>;

Data box(std::string_view type, const Data& body) {
    const auto size = static_cast<std::uint32_t>(body.size() + 8);
    Data made = {
        static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
        static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)
    };
    made.insert(made.end(), type.begin(), type.end());
    made.insert(made.end(), body.begin(), body.end());
    return made;
}

TEST(Boxes, ABoxThatIsCutOffIsKeptAndTold) {
    auto data = box("styp", {1, 2, 3, 4});
    const auto whole = data.size();
    const auto second = box("mdat", {5, 6, 7});
    data.insert(data.end(), second.begin(), second.end() - 1);
    const auto boxes = read_boxes(data, 100);
    ASSERT_EQ(boxes.all.size(), 2U);
    EXPECT_TRUE(boxes.all[0].is_whole);
    EXPECT_FALSE(boxes.all[1].is_whole);
    EXPECT_EQ(boxes.all[1].body.size(), 2U);
    EXPECT_EQ(boxes.broken_at, 100 + whole);
}

TEST(Boxes, SizesThatLieEndNoWhereElse) {
    EXPECT_EQ(read_boxes(Data{0, 0, 0, 7, 'f', 'r', 'e', 'e'}).broken_at, 0U);
    EXPECT_EQ(read_boxes(Data{0, 0, 0, 1, 'f', 'r', 'e', 'e', 0xFF, 0xFF}).broken_at, 0U);
    EXPECT_TRUE(read_boxes(Data{0, 0, 0, 0, 'm', 'd', 'a', 't', 1, 2}).all.front().is_whole);
    EXPECT_FALSE(read_boxes(Data{}).broken_at);
}

TEST(Boxes, AnMdatWithoutItsMoofIsTold) {
    const auto data = box("mdat", {1, 2, 3});
    manifest::Report report;
    read_fragments({data, "a.m4s", 0, false}, Init(), report);
    ASSERT_EQ(report.findings().size(), 1U);
    EXPECT_EQ(report.findings()[0].rule, "moof");
    EXPECT_EQ(report.findings()[0].byte, 0);
}

TEST(Bits, EmulationPreventionIsLeftOut) {
    const Data data = {0x00, 0x00, 0x03, 0x01, 0x80};
    BitReader in(data);
    EXPECT_EQ(in.bits(24), 1U);
    EXPECT_EQ(in.bit(), 1U);
    in.skip(7);
    EXPECT_FALSE(in.is_short());
    in.bit();
    EXPECT_TRUE(in.is_short());
}

/// x264's for 640×360 at 29.97, High, level 3.
const Data kSps = {0x67, 0x64, 0x00, 0x1E, 0xAC, 0xD9, 0x40, 0xA0, 0x2F, 0xF9, 0x61, 0x00, 0x00,
                   0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x3C, 0x0F, 0x16, 0x2D, 0x96};

TEST(Picture, AnSpsTellsSizeAndLevel) {
    const auto facts = read_h264_sps(kSps);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->profile, 100);
    EXPECT_EQ(facts->level, 30);
    EXPECT_EQ(facts->width, 640);
    EXPECT_EQ(facts->height, 360);
    EXPECT_FALSE(facts->is_interlaced);
    EXPECT_TRUE(fits_level(*facts, 30));
    EXPECT_FALSE(fits_level(*facts, 60));
}

TEST(Picture, AnSpsThatIsCutIsNone) {
    for (std::size_t size = 0; size < 9; ++size)
        EXPECT_FALSE(read_h264_sps(Bytes(kSps).first(size))) << size;
}

TEST(Picture, AnAudioConfigTellsTypeRateAndChannels) {
    const auto plain = read_audio_config(Data{0x11, 0x90});
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->object_type, 2);
    EXPECT_EQ(plain->rate, 48000);
    EXPECT_EQ(plain->channels, 2);
    EXPECT_FALSE(read_audio_config(Data{}));
}

TEST(TransportStream, TimesWrapAt33Bits) {
    constexpr std::int64_t kWrap = std::int64_t{1} << 33;
    EXPECT_EQ(ticks_between(kWrap - 100, 50), 150);
    EXPECT_EQ(ticks_between(50, kWrap - 100), -150);
    EXPECT_EQ(ticks_between(100, 300), 200);
}

TEST(TransportStream, APacketWithoutItsSyncByteIsTold) {
    Data data(188 * 2, 0xFF);
    data[0] = 0x47;
    manifest::Report report;
    read_transport_segment(data, "a.ts", report);
    EXPECT_EQ(report.findings().at(0).rule, "ts-packet");
    EXPECT_EQ(report.findings().at(0).byte, 188);
}

TEST(WebVtt, CuesAndTheirMapAreRead) {
    manifest::Report report;
    const auto text = read_webvtt(
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:01.000,MPEGTS:900000\n\n"
        "00:02.000 --> 01:00:03.500 align:start\nHello\n",
        "a.vtt", report
    );
    EXPECT_TRUE(report.findings().empty());
    EXPECT_EQ(text.cues, 1);
    EXPECT_EQ(text.first, 2);
    EXPECT_EQ(text.last, 3603.5);
    EXPECT_EQ(text.shift, 9);
}

TEST(WebVtt, ACueThatEndsBeforeItBeginsIsTold) {
    manifest::Report report;
    read_webvtt("WEBVTT\n\n00:03.000 --> 00:02.000\nx\n", "a.vtt", report);
    ASSERT_EQ(report.findings().size(), 1U);
    EXPECT_EQ(report.findings()[0].rule, "webvtt");
    EXPECT_EQ(report.findings()[0].line, 3);
}

}  // namespace
}  // namespace ittybit::conformance
