#include "media/fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/fragment_reader.h"

namespace ittybit::media {
namespace {

using testing::ElementsAre;

const Bytes kSequence = {0x67, 0x64, 0x00, 0x1F, 0xAC};
const Bytes kPicture = {0x68, 0xEB, 0xE3, 0xCB};

Bytes annex_b(std::initializer_list<Bytes> units) {
    Bytes stream;
    for (const auto& unit : units) {
        stream.insert(stream.end(), {0, 0, 0, 1});
        stream.insert(stream.end(), unit.begin(), unit.end());
    }
    return stream;
}

FragmentTrack video() {
    FragmentTrack track;
    track.timescale = 25000;
    track.configuration = *avc_configuration(annex_b({kSequence, kPicture}));
    track.size = {320, 180};
    return track;
}

Sample picture(std::int32_t composition, bool is_key) {
    return {.data = Bytes(10, 7), .duration = 1000, .composition = composition, .is_key = is_key};
}

TEST(Bitstream, FindsUnitsBehindShortAndLongStartCodes) {
    const Bytes stream = {0, 0, 0, 1, 9, 16, 0, 0, 1, 0x65, 0, 3, 1, 0, 0, 0, 1, 0x41, 5};
    const auto units = nal_units(stream);
    ASSERT_EQ(units.size(), 3U);
    EXPECT_THAT(units[0], ElementsAre(9, 16));
    EXPECT_THAT(units[1], ElementsAre(0x65, 0, 3, 1));
    EXPECT_THAT(units[2], ElementsAre(0x41, 5));
    EXPECT_THAT(
        avc_sample(stream), ElementsAre(0, 0, 0, 4, 0x65, 0, 3, 1, 0, 0, 0, 2, 0x41, 5)
    );  // without the delimiter
}

TEST(Bitstream, MakesTheConfigurationRecordAndItsCodecString) {
    const Bytes record = *avc_configuration(annex_b({kSequence, kPicture}));
    EXPECT_THAT(
        record, ElementsAre(
                    1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 5, 0x67, 0x64, 0, 0x1F, 0xAC, 1, 0, 4, 0x68,
                    0xEB, 0xE3, 0xCB, 0xFD, 0xF8, 0xF8, 0
                )
    );
    EXPECT_EQ(avc_codec(record), "avc1.64001f");
    EXPECT_EQ(aac_codec(Bytes{0x11, 0x90}), "mp4a.40.2");
    EXPECT_FALSE(avc_configuration(Bytes{}));
}

TEST(Fragment, OfVideoReadsBackWithItsTimesAndKeys) {
    const auto track = video();
    const std::vector<Sample> samples = {picture(0, true), picture(2000, false), picture(0, false)};
    Bytes segment = segment_head();
    for (const auto& part :
         {chunk(track, 1, 50000, std::span(samples).first(1)),
          chunk(track, 2, 51000, std::span(samples).subspan(1))})
        segment.insert(segment.end(), part.begin(), part.end());
    const auto read = read_fragments(init_segment(track), segment);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 3U);
    EXPECT_EQ((*read)[0].presented, 50000);
    EXPECT_EQ((*read)[0].decoded, 50000);
    EXPECT_EQ((*read)[1].presented, 53000);
    EXPECT_EQ((*read)[2].presented, 52000);
    EXPECT_EQ((*read)[2].decoded, 52000);
    EXPECT_TRUE((*read)[0].is_key);
    EXPECT_FALSE((*read)[1].is_key);
    EXPECT_EQ((*read)[1].bytes, 10U);
}

TEST(Fragment, OfSoundHidesItsPriming) {
    FragmentTrack track;
    track.is_video = false;
    track.timescale = 48000;
    track.configuration = {0x11, 0x90};
    track.channels = 2;
    track.priming = 1024;
    const std::vector<Sample> samples = {
        {.data = Bytes(7, 1), .duration = 1024}, {.data = Bytes(9, 1), .duration = 500}
    };
    const auto read = read_fragments(init_segment(track), chunk(track, 1, 0, samples));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].presented, -1024);
    EXPECT_EQ((*read)[1].presented, 0);
    EXPECT_EQ((*read)[1].bytes, 9U);
    EXPECT_TRUE((*read)[1].is_key);
}

TEST(Fragment, ThatIsCutShortIsNotedWhenReadBack) {
    const auto track = video();
    const std::vector<Sample> samples = {picture(0, true), picture(0, false)};
    const Bytes whole = chunk(track, 1, 0, samples);
    const auto read =
        read_fragments(init_segment(track), std::span(whole).first(whole.size() - 15));
    EXPECT_FALSE(read);
    EXPECT_FALSE(read_fragments(Bytes{1, 2, 3}, whole));
}

}  // namespace
}  // namespace ittybit::media
