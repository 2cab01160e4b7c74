#include "media/fragment_muxer.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/encoder.h"
#include "media/fragment_reader.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

using testing::ElementsAre;

/// An encoder, what it made of some frames, and the muxer for it.
struct Encoded {
    Collector<Packet> packets;
    std::unique_ptr<Encoder> encoder;
    std::unique_ptr<FragmentMuxer> muxer;
};

/// 25 grey pictures a second with two B pictures between others, a key picture every 8.
std::unique_ptr<Encoded> pictures(int count) {
    auto made = std::make_unique<Encoded>();
    PictureEncoding how;
    how.encoder = "libx264";
    how.width = 64;
    how.height = 48;
    how.ticks = 25000;
    how.fps_num = 25;
    how.key_interval = 8;
    how.options = {{"x264-params", "bframes=2:b-adapt=0:scenecut=0"}};
    made->encoder = *Encoder::open(how, made->packets);
    made->muxer = *FragmentMuxer::open(made->encoder->codec(), "und");
    for (int i = 0; i < count; ++i) {
        Frame frame = make_frame();
        frame->format = AV_PIX_FMT_YUV420P;
        frame->width = how.width;
        frame->height = how.height;
        frame->pts = std::int64_t{1000} * i;
        set_duration(*frame, 1000);
        EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
        for (int plane = 0; plane < 3; ++plane) {
            const int rows = plane == 0 ? how.height : how.height / 2;
            std::fill_n(frame->data[plane], frame->linesize[plane] * rows, 16 + i);
        }
        EXPECT_TRUE(made->encoder->push(std::move(frame)));
    }
    EXPECT_TRUE(made->encoder->finish());
    return made;
}

std::unique_ptr<Encoded> silence(int samples) {
    auto made = std::make_unique<Encoded>();
    SoundEncoding how;
    how.encoder = "aac";
    how.format.sample_rate = 48000;
    how.format.sample_format = "fltp";
    how.format.layout = "stereo";
    made->encoder = *Encoder::open(how, made->packets);
    made->muxer = *FragmentMuxer::open(made->encoder->codec(), "fra");
    Frame frame = make_frame();
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = 48000;
    frame->nb_samples = samples;
    av_channel_layout_default(&frame->ch_layout, 2);
    EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
    av_samples_set_silence(frame->extended_data, 0, samples, 2, AV_SAMPLE_FMT_FLTP);
    EXPECT_TRUE(made->encoder->push(std::move(frame)));
    EXPECT_TRUE(made->encoder->finish());
    return made;
}

bool holds(ByteView bytes, std::string_view word) {
    return !std::ranges::search(bytes, word).empty();
}

TEST(Bitstream, FindsUnitsBehindShortAndLongStartCodes) {
    const Bytes stream = {0, 0, 0, 1, 9, 16, 0, 0, 1, 0x65, 0, 3, 1, 0, 0, 0, 1, 0x41, 5};
    const auto units = nal_units(stream);
    ASSERT_EQ(units.size(), 3U);
    EXPECT_THAT(units[0], ElementsAre(9, 16));
    EXPECT_THAT(units[1], ElementsAre(0x65, 0, 3, 1));
    EXPECT_THAT(units[2], ElementsAre(0x41, 5));
}

TEST(Bitstream, NamesItsCodec) {
    EXPECT_EQ(avc_codec(Bytes{0, 0, 0, 1, 0x67, 0x64, 0, 0x1F, 0xAC}), "avc1.64001f");
    EXPECT_EQ(avc_codec(Bytes{}), "avc1");
    // ISO/IEC 14496-15, annex E: Main, level 3.1, and AV1 in ISOBMFF, 5.
    EXPECT_EQ(
        configured_codec(Bytes{'h', 'v', 'c', 'C', 1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93}),
        "hvc1.1.6.L93.90"
    );
    EXPECT_EQ(configured_codec(Bytes{0, 'a', 'v', '1', 'C', 0x81, 0x04, 0x0C, 0}), "av01.0.04M.08");
    EXPECT_EQ(configured_codec(Bytes{'h', 'v', 'c', 'C', 1, 1}), "");
    EXPECT_EQ(configured_codec(Bytes{}), "");
    EXPECT_EQ(aac_codec(Bytes{0x11, 0x90}), "mp4a.40.2");
}

TEST(FragmentMuxer, PicturesReadBackWithTheirTimesAndKeys) {
    const auto made = pictures(16);
    const auto packets = std::span(made->packets.items);
    ASSERT_EQ(packets.size(), 16U);
    Bytes segment = *made->muxer->chunk(packets.first(1));
    const Bytes rest = *made->muxer->chunk(packets.subspan(1));
    segment.insert(segment.end(), rest.begin(), rest.end());
    const auto read = read_fragments(made->muxer->init(), segment);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 16U);
    for (std::size_t i = 0; i < 16; ++i) {
        EXPECT_EQ((*read)[i].decoded, static_cast<std::int64_t>(i) * 1000);
        // libav presents all later once it has seen a composition offset below 0: here of a
        // picture.
        const auto late = (*read)[i].presented - packets[i]->pts;
        EXPECT_TRUE(late == 0 || late == 1000) << i;
        EXPECT_EQ((*read)[i].is_key, i % 8 == 0) << i;
    }
    EXPECT_FALSE(holds(made->muxer->init(), "elst"));
    EXPECT_TRUE(holds(made->muxer->init(), "cmf2"));
    EXPECT_TRUE(holds(made->muxer->init(), "iso6"));
}

TEST(FragmentMuxer, ALaterSegmentGoesOnWhereTheLastOneEnded) {
    const auto made = pictures(16);
    const auto packets = std::span(made->packets.items);
    ASSERT_TRUE(made->muxer->chunk(packets.first(8)));
    const auto segment = *made->muxer->chunk(packets.subspan(8));
    const auto read = read_fragments(made->muxer->init(), segment);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->front().decoded, 8000);
    EXPECT_TRUE(read->front().is_key);
}

TEST(FragmentMuxer, SoundHidesItsPriming) {
    const auto made = silence(3000);
    const auto segment = *made->muxer->chunk(made->packets.items);  // there is no init() before
    const auto read = read_fragments(made->muxer->init(), segment);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 4U);
    EXPECT_EQ((*read)[0].presented, -1024);
    EXPECT_EQ((*read)[1].presented, 0);
    EXPECT_TRUE((*read)[1].is_key);
    EXPECT_TRUE(holds(made->muxer->init(), "elst"));
}

TEST(FragmentMuxer, WhatIsCutShortIsNotedWhenReadBack) {
    const auto made = pictures(8);
    const Bytes whole = *made->muxer->chunk(made->packets.items);
    const auto init = made->muxer->init();
    EXPECT_TRUE(read_fragments(init, whole));
    EXPECT_FALSE(read_fragments(init, std::span(whole).first(whole.size() - 15)));
    EXPECT_FALSE(read_fragments(Bytes{1, 2, 3}, whole));
}

}  // namespace
}  // namespace ittybit::media
