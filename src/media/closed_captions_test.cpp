#include "media/closed_captions.h"

#include <gtest/gtest.h>

#include "media/compat.h"
#include "media/testing.h"
#include "media/timing.h"

namespace ittybit::media {
namespace {

using Bytes = std::vector<std::uint8_t>;

Frame picture(std::int64_t pts, const Bytes& triplets) {
    Frame frame = make_frame();
    frame->pts = pts;
    set_duration(*frame, 10);
    if (triplets.empty()) return frame;
    auto* data = av_frame_new_side_data(frame.get(), AV_FRAME_DATA_A53_CC, triplets.size());
    std::ranges::copy(triplets, data->data);
    return frame;
}

Bytes captions_of(const Frame& frame) {
    const auto* data = av_frame_get_side_data(frame.get(), AV_FRAME_DATA_A53_CC);
    return data != nullptr ? Bytes(data->data, data->data + data->size) : Bytes();
}

TEST(ClosedCaptions, GoOnceThoughEveryOtherPictureIsLeftOut) {
    Collector<Frame> seen;
    CaptionWay way;
    GiveCaptions give(way, seen);
    EveryNth half(2, give);
    TakeCaptions take(way, half);
    for (std::uint8_t i = 0; i < 4; ++i) ASSERT_TRUE(take.push(picture(i * 10, {0xFC, 'a', i})));
    ASSERT_EQ(seen.items.size(), 2U);
    EXPECT_EQ(captions_of(seen.items[0]), (Bytes{0xFC, 'a', 0}));
    EXPECT_EQ(captions_of(seen.items[1]), (Bytes{0xFC, 'a', 1, 0xFC, 'a', 2}));
}

TEST(ClosedCaptions, GoOnceThoughAPictureIsRepeated) {
    CaptionWay way;
    const Frame source = picture(0, {0xFC, 'a', 'b'});
    way.take(*source);
    const Frame first = picture(0, {});
    const Frame second = picture(10, {});
    ASSERT_TRUE(way.give(*first));
    ASSERT_TRUE(way.give(*second));
    EXPECT_EQ(captions_of(first).size(), 3U);
    EXPECT_TRUE(captions_of(second).empty());
}

TEST(ClosedCaptions, AreNoMoreThanAPictureCanHave) {
    CaptionWay way;
    const Frame source = picture(0, Bytes(31 * 3, 0xFC));
    const Frame next = picture(5, Bytes(20 * 3, 0xFC));
    way.take(*source);
    way.take(*next);
    const Frame first = picture(0, {});
    const Frame second = picture(10, {});
    ASSERT_TRUE(way.give(*first));
    ASSERT_TRUE(way.give(*second));
    EXPECT_EQ(captions_of(first).size(), 31U * 3);
    EXPECT_EQ(captions_of(second).size(), 20U * 3);
}

TEST(ClosedCaptions, TellTheirChannels) {
    Collector<Frame> seen;
    CaptionChannels none(seen);
    ASSERT_TRUE(none.push(picture(0, {})));
    EXPECT_TRUE(caption_names(none.seen()).empty());
    CaptionChannels two(seen);
    ASSERT_TRUE(two.push(picture(0, {0xFC, 0x94, 0x20, 0xFD, 0x1C, 0x20, 0xF8, 0x15, 0x20})));
    EXPECT_EQ(caption_names(two.seen()), (std::vector<std::string>{"CC1", "CC4"}));
    CaptionChannels modern(seen);
    ASSERT_TRUE(modern.push(picture(0, {0xFC, 0x80, 0x80, 0xFF, 0x02, 0x21})));
    EXPECT_EQ(caption_names(modern.seen()), std::vector<std::string>{"SERVICE1"});
    // Of two pieces of a film what either has.
    EXPECT_EQ(caption_names(modern.seen() | two.seen()), caption_names(two.seen()));
}

}  // namespace
}  // namespace ittybit::media
