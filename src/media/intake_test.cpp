#include "media/intake.h"

#include <algorithm>

#include "media/stream.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

/// Of one packet of VP9.
std::int64_t pictures_in(std::vector<std::uint8_t> bytes) {
    const auto input = open_clip("flash-small.webm");
    const int video = *find_video(*input);
    const Packet packet = make_packet();
    EXPECT_EQ(av_new_packet(packet.get(), static_cast<int>(bytes.size())), 0);
    std::ranges::copy(bytes, packet->data);
    packet->stream_index = video;
    packet->pts = 0;
    Intake intake(*input, {});
    intake.see(*packet);
    return intake.of(video).pictures;
}

TEST(Intake, CountsFramesOfVp9ThatAreShown) {
    EXPECT_EQ(pictures_in({0x86, 0, 0, 0}), 1);
    EXPECT_EQ(pictures_in({0x84, 0, 0, 0}), 0) << "hidden";
    EXPECT_EQ(pictures_in({0x88, 0, 0, 0}), 1) << "one that is shown again";
}

TEST(Intake, CountsASuperframeOfVp9Once) {
    EXPECT_EQ(pictures_in({0x84, 0, 0x86, 0, 0xC1, 2, 2, 0xC1}), 1);
    EXPECT_EQ(pictures_in({0x84, 0, 0, 0, 0, 0, 0, 0xC1}), 0) << "no index begins there";
    EXPECT_EQ(pictures_in({0x84, 0xC1}), 0) << "too short for an index";
}

}  // namespace
}  // namespace ittybit::media
