#include "image/steps.h"

#include <gtest/gtest.h>

#include "image/save.h"
#include "image/testing.h"

namespace ittybit::image {
namespace {

Picture picture_of(const Pixels& pixels) {
    EXPECT_TRUE(init());
    auto picture = Picture::from_pixels(pixels);
    EXPECT_TRUE(picture);
    return *std::move(picture);
}

Pixels pixels_of(Result<Picture> picture) {
    EXPECT_TRUE(picture) << picture.error().message;
    auto pixels = picture->pixels();
    EXPECT_TRUE(pixels) << pixels.error().message;
    return *std::move(pixels);
}

TEST(Steps, ResizingGivesExactlyTheSize) {
    for (const Size size : {Size{1, 1}, {7, 500}, {333, 1}, {64, 64}, {2000, 3}}) {
        auto resized = resize(picture_of(quarters(101, 57)), size);
        ASSERT_TRUE(resized);
        EXPECT_EQ(resized->size(), size);
    }
}

TEST(Steps, HiddenColourDoesNotBleedIntoItsNeighboursWhenScaled) {
    Pixels pixels = plain(40, 40, {255, 255, 255, 255});
    for (std::size_t i = 0; i < pixels.bytes.size() / 2; i += 4) {
        pixels.bytes[i + 1] = pixels.bytes[i + 2] = std::byte{0};  // red,
        pixels.bytes[i + 3] = std::byte{0};                        // and not to be seen
    }
    const Pixels scaled = pixels_of(resize(picture_of(pixels), {7, 7}));
    for (int y = 0; y < 7; ++y) {
        const Rgba seen = pixel_at(scaled, 3, y);
        if (seen[3] <= 20) continue;
        EXPECT_TRUE(is_near(seen, {255, 255, 255, seen[3]}, 4)) << y;
    }
}

TEST(Steps, PaddingIsTheBackgroundAndThePictureStays) {
    const Placement placement{
        .scaled = {20, 20}, .kept = {0, 0, 20, 20}, .canvas = {40, 20}, .left = 10, .top = 0
    };
    const Pixels padded =
        pixels_of(pad(picture_of(quarters(20, 20)), placement, {10, 20, 30, 255}));
    EXPECT_EQ(padded.bands, 3);
    EXPECT_EQ(pixel_at(padded, 3, 10), (Rgba{10, 20, 30, 255}));
    EXPECT_EQ(pixel_at(padded, 36, 10), (Rgba{10, 20, 30, 255}));
    EXPECT_EQ(pixel_at(padded, 12, 2), kQuarters[0]);
    const Pixels clear = pixels_of(pad(picture_of(quarters(20, 20)), placement, {0, 0, 0, 0}));
    EXPECT_EQ(clear.bands, 4);
    EXPECT_EQ(pixel_at(clear, 3, 10)[3], 0);
    EXPECT_EQ(pixel_at(clear, 12, 2), kQuarters[0]);
}

TEST(Steps, GreyIsPaddedWithColour) {
    const Placement placement{
        .scaled = {4, 4}, .kept = {0, 0, 4, 4}, .canvas = {4, 8}, .left = 0, .top = 2
    };
    const Pixels padded =
        pixels_of(pad(picture_of(quarters(4, 4, 1)), placement, {200, 20, 30, 255}));
    EXPECT_EQ(padded.bands, 3);
    EXPECT_EQ(pixel_at(padded, 0, 0), (Rgba{200, 20, 30, 255}));
}

TEST(Steps, FlatteningLaysTransparencyOnTheColour) {
    const Pixels flat =
        pixels_of(flatten(picture_of(plain(4, 4, {255, 0, 0, 0})), {1, 200, 3, 255}));
    EXPECT_EQ(flat.bands, 3);
    EXPECT_EQ(pixel_at(flat, 1, 1), (Rgba{1, 200, 3, 255}));
    const Pixels half =
        pixels_of(flatten(picture_of(plain(4, 4, {255, 0, 0, 128})), {255, 255, 255, 255}));
    EXPECT_TRUE(is_near(pixel_at(half, 1, 1), {255, 127, 127, 255}, 2));
}

TEST(Steps, SixteenBitsBecomeEight) {
    Pixels pixels{.width = 1, .height = 1, .bands = 4, .bits = 16, .bytes = {}, .icc_profile = {}};
    for (const std::uint16_t sample : std::array<std::uint16_t, 4>{0xFFFF, 0x8080, 0, 0x4040}) {
        const auto* bytes = reinterpret_cast<const std::byte*>(&sample);
        pixels.bytes.insert(pixels.bytes.end(), bytes, bytes + 2);
    }
    const Pixels small = pixels_of(to_srgb(picture_of(pixels)));
    EXPECT_EQ(small.bits, 8);
    EXPECT_TRUE(is_near(pixel_at(small, 0, 0), {255, 128, 0, 64}, 1));
}

}  // namespace
}  // namespace ittybit::image
