#include "conformance/boxes.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/av1.h"
#include "conformance/coded.h"
#include "conformance/fragment.h"
#include "conformance/picture.h"
#include "conformance/transport_stream.h"
#include "conformance/webvtt.h"

namespace ittybit::conformance {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

using Data = std::vector<std::uint8_t>;

std::vector<std::string> broken(const manifest::Report& report) {
    std::vector<std::string> rules;
    for (const auto& finding : report.findings()) rules.push_back(finding.rule);
    return rules;
}

Data operator+(Data one, const Data& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

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

const Data kFar = {0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

/// A moof with one traf of track 1: these boxes behind its tfhd.
Data moof(const Data& boxes) {
    return box(
        "moof", box("mfhd", {0, 0, 0, 0, 0, 0, 0, 1}) +
                    box("traf", box("tfhd", {0, 2, 0, 0, 0, 0, 0, 1}) + boxes)
    );
}

TEST(Boxes, TimesThatNoStreamHasAreToldAndBounded) {
    const Data trun = {0, 0, 1, 0, 0, 0, 0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    const auto data = moof(box("tfdt", Data{1, 0, 0, 0} + kFar) + box("trun", trun));
    manifest::Report report;
    const auto read = read_fragments({data, "a.m4s", 0, false}, Init(), report);
    EXPECT_THAT(broken(report), Contains("tfdt"));
    EXPECT_EQ(read.runs.at(0).samples.at(1).decoded, kLatest + 0xFFFFFFFF);
}

TEST(Boxes, NoMoreSamplesAreMadeThanThePieceHasBytes) {
    const auto run = box("trun", {0, 0, 0, 0, 0, 0, 0, 100});
    const auto data = moof(run + run + run) + moof(run);
    ASSERT_LT(data.size(), 400U);
    manifest::Report report;
    const auto read = read_fragments({data, "a.m4s", 0, false}, Init(), report);
    EXPECT_EQ(read.runs.at(0).samples.size() + read.runs.at(1).samples.size(), data.size());
    EXPECT_THAT(broken(report), Contains("traf"));
}

TEST(Boxes, ADataOffsetBeforeTheFileIsToldWithinIt) {
    const Data trun = {0, 0, 2, 1, 0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 3};
    const auto data = moof(box("trun", trun)) + box("mdat", {1, 2, 3});
    manifest::Report report;
    read_fragments({data, "a.m4s", 0, false}, Init(), report);
    EXPECT_THAT(broken(report), Contains("samples-in-mdat"));
    for (const auto& finding : report.findings()) EXPECT_GE(finding.byte.value_or(0), 0);
}

TEST(Boxes, AnEditListThatBeginsNowhereIsToldAndBounded) {
    const Data entry = Data{1, 0, 0, 0, 0, 0, 0, 1} + Data(8, 0) + kFar + Data{0, 1, 0, 0};
    const auto data = box("moov", box("trak", box("edts", box("elst", entry))));
    manifest::Report report;
    EXPECT_EQ(read_init(data, "init.mp4", report).tracks.at(0).skipped, kLatest);
    EXPECT_THAT(broken(report), Contains("edit-list"));
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

/// SVT-AV1's for 320×180, as av1C has it, and a key frame and another of the same stream.
const Data kSequence = {0x0A, 0x0E, 0x00, 0x00, 0x00, 0x04, 0x3C, 0xFE,
                        0xCC, 0x02, 0xF8, 0x10, 0x60, 0x60, 0x60, 0x40};

TEST(Av1, ASequenceHeaderTellsSizeProfileAndLevel) {
    const auto facts = find_av1_sequence(kSequence);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->profile, 0);
    EXPECT_EQ(facts->level, 0);
    EXPECT_EQ(facts->width, 320);
    EXPECT_EQ(facts->height, 180);
    for (std::size_t size = 0; size < 10; ++size)
        EXPECT_FALSE(find_av1_sequence(Bytes(kSequence).first(size))) << size;
}

TEST(Av1, AKeyFrameIsShownAndHasASequenceHeader) {
    const auto kind_of = [](const Data& sample, std::vector<std::string>* rules = nullptr) {
        manifest::Report report;
        const auto kind = look_into_av1(sample, {}, report);
        if (rules != nullptr) *rules = broken(report);
        return kind;
    };
    const Data key = {0x32, 0x02, 0x10, 0x00};
    const Data hidden = {0x32, 0x02, 0x00, 0x00};
    const Data inter = {0x32, 0x02, 0x30, 0x00};
    const Data wrong = {0xB2, 0x02, 0x10, 0x00};
    const Data too_long = {0x32, 0x09, 0x10, 0x00};
    std::vector<std::string> rules;
    EXPECT_EQ(kind_of(kSequence + key, &rules), PictureKind::kKey);
    EXPECT_THAT(rules, IsEmpty());
    EXPECT_EQ(kind_of(kSequence + hidden), PictureKind::kOpenKey);
    EXPECT_EQ(kind_of(inter), PictureKind::kOther);
    kind_of(key, &rules);
    EXPECT_THAT(rules, ElementsAre("obu"));
    for (const auto& sample : {wrong, too_long, kSequence}) {
        EXPECT_EQ(kind_of(sample, &rules), PictureKind::kUnreadable);
        EXPECT_THAT(rules, ElementsAre("obu"));
    }
}

TEST(TransportStream, TimesWrapAt33Bits) {
    constexpr std::int64_t kWrap = std::int64_t{1} << 33;
    EXPECT_EQ(ticks_between(kWrap - 100, 50), 150);
    EXPECT_EQ(ticks_between(50, kWrap - 100), -150);
    EXPECT_EQ(ticks_between(100, 300), 200);
}

TEST(TransportStream, APacketWithoutItsSyncByteIsTold) {
    Data data(std::size_t{188} * 2, 0xFF);
    data[0] = 0x47;
    manifest::Report report;
    read_transport_segment(data, "a.ts", report);
    EXPECT_EQ(report.findings().at(0).rule, "ts-packet");
    EXPECT_EQ(report.findings().at(0).byte, 188);
}

/// A packet of these bytes, behind stuffing.
Data packet(int pid, int counter, const Data& payload, std::uint8_t flags = 0) {
    Data made = {
        0x47, static_cast<std::uint8_t>(0x40 | pid >> 8), static_cast<std::uint8_t>(pid),
        static_cast<std::uint8_t>(0x30 | counter)
    };
    const auto stuffing = 188 - 6 - payload.size();
    made.push_back(static_cast<std::uint8_t>(stuffing + 1));
    made.push_back(flags);
    return made + Data(stuffing, 0xFF) + payload;
}

const Data kPictures = {0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1, 0, 0, 1, 9};

TEST(TransportStream, CountersBeginAnewWhereThePacketSaysSo) {
    manifest::Report told;
    manifest::Report untold;
    read_transport_segment(
        packet(256, 3, kPictures) + packet(256, 9, kPictures, 0x80), "a.ts", told
    );
    EXPECT_THAT(broken(told), Not(Contains("ts-continuity")));
    read_transport_segment(packet(256, 3, kPictures) + packet(256, 9, kPictures), "a.ts", untold);
    EXPECT_THAT(broken(untold), Contains("ts-continuity"));
}

TEST(TransportStream, APacketMayComeTwiceButNoOtherInItsPlace) {
    Data other = kPictures;
    other.back() = 6;
    manifest::Report same;
    manifest::Report changed;
    const auto first = packet(256, 3, kPictures);
    read_transport_segment(first + first, "a.ts", same);
    EXPECT_THAT(broken(same), Not(Contains("ts-continuity")));
    read_transport_segment(first + packet(256, 3, other), "a.ts", changed);
    EXPECT_THAT(broken(changed), Contains("ts-continuity"));
}

TEST(TransportStream, TablesMayComeFromTheInitializationSection) {
    const Data pat = {0, 0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0, 0x2A, 0xB1, 0x04, 0xB2};
    const Data pmt = {0, 2, 0xB0, 18, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0, 2, 0xE1, 0, 0xF0, 0};
    const auto tables = packet(0, 0, pat) + packet(0x1000, 0, pmt);
    const auto data = packet(256, 0, kPictures);
    manifest::Report report;
    const auto read = read_transport_segment(data, "a.ts", report, tables);
    EXPECT_TRUE(report.findings().empty());
    EXPECT_EQ(read.streams.at(256).times.size(), 1U);
    read_transport_segment(data, "a.ts", report);
    EXPECT_THAT(broken(report), Contains("ts-tables"));
}

TEST(WebVtt, CuesAndTheirMapAreRead) {
    manifest::Report report;
    const auto text = read_webvtt(
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:01.000,MPEGTS:900000\n\n"
        "00:02.000 --> 01:00:03.500 align:start\nHello\n",
        "a.vtt", report
    );
    EXPECT_TRUE(report.findings().empty());
    ASSERT_EQ(text.cues.size(), 1U);
    EXPECT_EQ(text.cues[0].begin, 2);
    EXPECT_EQ(text.cues[0].end, 3603.5);
    EXPECT_EQ(text.shift, 9);
}

TEST(WebVtt, BlocksAreNotesStylesRegionsAndCuesWithLinesBetween) {
    const auto lines_told = [](std::string_view text) {
        manifest::Report report;
        read_webvtt(text, "a.vtt", report);
        std::vector<std::int64_t> lines;
        for (const auto& finding : report.findings()) lines.push_back(finding.line.value_or(0));
        return lines;
    };
    EXPECT_THAT(
        lines_told("WEBVTT - title\nkey: value\n\nNOTE a --> b\n\nSTYLE\n::cue {}\n\n"
                   "name\n00:01.000 --> 00:02.000\none\ntwo\n\n\n00:02.000 --> 00:03.000\nx"),
        IsEmpty()
    );
    EXPECT_THAT(lines_told("WEBVTT\n00:01.000 --> 00:02.000\nx\n"), ElementsAre(2));
    EXPECT_THAT(
        lines_told("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n00:02.000 --> 00:03.000\ny\n"),
        ElementsAre(5)
    );
    EXPECT_THAT(lines_told("WEBVTT\n\n00:01.000 -> 00:02.000\nx\n\n"), ElementsAre(5));
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
