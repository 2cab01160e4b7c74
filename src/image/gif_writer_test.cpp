#include "image/gif_writer.h"

#include <cstring>

#include <gtest/gtest.h>

#include "image/testing.h"

namespace ittybit::image {
namespace {

struct Shown {
    Pixels pixels;
    int delay;
};

std::vector<std::byte> gif_of(
    const GifSettings& settings,
    const std::vector<Shown>& frames,
    const std::optional<Colour>& background = {}
) {
    const TemporaryFolder folder;
    auto writer = GifWriter::open(settings, "a.gif", background);
    EXPECT_TRUE(writer);
    for (const Shown& frame : frames)
        EXPECT_TRUE((*writer)->add(
            frame.pixels.bytes, static_cast<std::size_t>(frame.pixels.width) * 4, frame.delay
        ));
    EXPECT_TRUE((*writer)->finish());
    return file_bytes("a.gif");
}

Header header_of(const std::vector<std::byte>& gif) {
    MemorySource source(gif);
    const auto header = read_header(source, *sniff(source), {});
    EXPECT_TRUE(header) << header.error().message;
    return header ? *header : Header();
}

TEST(Gif, KeepsFramesDelaysAndLoop) {
    for (const int loop : {0, 1, 2, 5}) {
        const auto gif = gif_of(
            {.size = {20, 10}, .loop = loop},
            {{quarters(20, 10, 4), 300}, {plain(20, 10, {9, 8, 7, 255}), 10}}
        );
        const Header header = header_of(gif);
        EXPECT_EQ(header.stored, (Size{20, 10}));
        EXPECT_EQ(header.delays_ms, (std::vector<int>{3000, 100}));
        EXPECT_EQ(header.loop, loop);
        EXPECT_EQ(quarters_of(decoded(gif)), kQuarters);
        EXPECT_EQ(pixel_at(decoded(gif, 1), 3, 3), (Rgba{9, 8, 7, 255}));
    }
}

TEST(Gif, EveryFrameIsThereThoughNothingChanges) {
    const auto gif = gif_of(
        {.size = {8, 8}}, {{plain(8, 8, {9, 9, 9, 255}), 5},
                           {plain(8, 8, {10, 9, 9, 255}), 5},
                           {plain(8, 8, {90, 9, 9, 255}), 7}}
    );
    EXPECT_EQ(header_of(gif).delays_ms, (std::vector<int>{50, 50, 70}));
}

TEST(Gif, OnePixelHasItsColourToo) {
    std::vector<Shown> frames;
    const std::vector<Rgba> colours = {
        {255, 0, 0, 255}, {0, 0, 255, 255}, {0, 255, 0, 255}, {0, 0, 0, 255}, {128, 128, 128, 255}
    };
    for (const Rgba& colour : colours) frames.push_back({plain(1, 1, colour), 10});
    const auto gif = gif_of({.size = {1, 1}, .table_price = 30'000}, frames);
    for (std::size_t i = 0; i < colours.size(); ++i)
        EXPECT_EQ(pixel_at(decoded(gif, static_cast<int>(i)), 0, 0), colours[i]) << i;
}

TEST(Gif, WhatBecomesTransparentIsGone) {
    Pixels half = plain(16, 16, {0, 0, 200, 255});
    for (std::size_t i = 3; i < half.bytes.size() / 2; i += 4) half.bytes[i] = std::byte{0};
    const auto gif = gif_of(
        {.size = {16, 16}}, {{plain(16, 16, {200, 0, 0, 255}), 10},
                             {half, 10},
                             {plain(16, 16, {0, 0, 0, 0}), 10},
                             {half, 10}}
    );
    EXPECT_EQ(pixel_at(decoded(gif, 0), 3, 3), (Rgba{200, 0, 0, 255}));
    for (const int page : {1, 3}) {
        EXPECT_EQ(pixel_at(decoded(gif, page), 3, 3)[3], 0);
        EXPECT_EQ(pixel_at(decoded(gif, page), 3, 12), (Rgba{0, 0, 200, 255}));
    }
    EXPECT_EQ(pixel_at(decoded(gif, 2), 3, 12)[3], 0);
}

TEST(Gif, WhatIsTransparentInPartIsLaidOnTheBackground) {
    const auto seen = [](int alpha, const std::optional<Colour>& background) {
        const Pixels half = plain(4, 4, {0, 0, 0, alpha});
        return pixel_at(decoded(gif_of({.size = {4, 4}}, {{half, 10}}, background)), 2, 2);
    };
    EXPECT_EQ(seen(255, {}), (Rgba{0, 0, 0, 255}));
    EXPECT_EQ(seen(160, {}), (Rgba{95, 95, 95, 255}));
    EXPECT_EQ(seen(127, {})[3], 0);
    const Colour red{255, 0, 0, 255};
    EXPECT_EQ(seen(160, red), (Rgba{95, 0, 0, 255}));
    EXPECT_EQ(seen(51, red), (Rgba{204, 0, 0, 255}));
    EXPECT_EQ(seen(0, red)[3], 0);
}

/// A picture in which every colour differs from its neighbours, in many sizes: the codes of LZW
/// grow through all widths and are cleared.
TEST(Gif, NoisyPicturesOfEveryDepthAreWhole) {
    for (const int colours : {2, 3, 5, 17, 100, 255}) {
        Pixels noise = plain(150, 150, {0, 0, 0, 255});
        std::uint32_t state = 1;
        for (std::size_t i = 0; i < noise.bytes.size(); i += 4) {
            state = state * 1664525 + 1013904223;
            const auto level =
                static_cast<std::byte>((state >> 16U) % static_cast<unsigned>(colours));
            noise.bytes[i] = noise.bytes[i + 1] = level;
        }
        const Pixels seen = decoded(gif_of({.size = {150, 150}}, {{noise, 10}}));
        for (int i = 0; i < 150; i += 7)
            ASSERT_EQ(pixel_at(seen, i, 149 - i), pixel_at(noise, i, 149 - i)) << colours;
    }
}

TEST(Gif, AFadeIsFollowedToItsEnd) {
    std::vector<Shown> frames;
    for (int level = 60; level <= 198; level += 2)
        frames.push_back({plain(32, 32, {level, level, level, 255}), 10});
    const auto gif = gif_of({.size = {32, 32}, .tolerance = 16}, frames);
    const int last = header_of(gif).frames - 1;
    EXPECT_TRUE(is_near(pixel_at(decoded(gif, last), 5, 5), {198, 198, 198, 255}, 17));
}

}  // namespace
}  // namespace ittybit::image
