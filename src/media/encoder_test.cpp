#include "media/encoder.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "media/testing.h"

namespace ittybit::media {
namespace {

constexpr int kPictures = 40;

PictureEncoding beginning_anew_at_keys(int width) {
    PictureEncoding how;
    how.encoder = "libsvtav1";
    how.width = width;
    how.height = 64;
    how.fps_num = 25;
    how.ticks = 25;
    how.threads = 1;
    how.key_interval = 150;
    how.restarts_at_keys = true;
    how.options = {{"preset", 10}, {"crf", 50}, {"svtav1-params", "lp=1:scd=0"}};
    return how;
}

Frame picture(int n, int width) {
    Frame frame = make_frame();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = width;
    frame->height = 64;
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    for (int plane = 0; plane < 3; ++plane) {
        const int rows = plane == 0 ? 64 : 32;
        const auto level = static_cast<std::uint8_t>(100 + n);
        std::fill_n(frame->data[plane], rows * frame->linesize[plane], level);
    }
    frame->pts = n;
    if (n % 2 == 0) frame->pict_type = AV_PICTURE_TYPE_I;
    return frame;
}

TEST(Encoder, OpensAndClosesSvtAv1WhileOthersDo) {
    std::vector<std::size_t> packets(4);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        threads.emplace_back([&packets, i] {
            const int width = 64 * static_cast<int>(i + 1);
            Collector<Packet> made;
            const auto encoder = Encoder::open(beginning_anew_at_keys(width), made);
            ASSERT_TRUE(encoder) << encoder.error().message;
            for (int n = 0; n < kPictures; ++n) ASSERT_TRUE((*encoder)->push(picture(n, width)));
            ASSERT_TRUE((*encoder)->finish());
            packets[i] = made.items.size();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(packets, std::vector<std::size_t>(4, kPictures));
}

}  // namespace
}  // namespace ittybit::media
