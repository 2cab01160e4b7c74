#include "image/steps.h"

#include <array>
#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include "image/made_profile.h"
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

TEST(Steps, APictureWithAlphaIsNoDarkerWhenScaled) {
    Pixels opaque = plain(64, 32, {100, 200, 50, 255});
    for (std::size_t i = 0; i < opaque.bytes.size(); i += 8) opaque.bytes[i] = std::byte{101};
    Pixels solid{.width = 64, .height = 32, .bands = 3, .bits = 8, .bytes = {}, .icc_profile = {}};
    for (std::size_t i = 0; i < opaque.bytes.size(); ++i)
        if (i % 4 != 3) solid.bytes.push_back(opaque.bytes[i]);
    const Pixels with_alpha = pixels_of(resize(picture_of(opaque), {32, 16}));
    const Pixels without = pixels_of(resize(picture_of(solid), {32, 16}));
    EXPECT_EQ(pixel_at(with_alpha, 16, 8), pixel_at(without, 16, 8));
    for (const int alpha : {1, 77, 128, 200, 254}) {
        const Rgba colour = {200, 100, 51, alpha};
        const Pixels scaled = pixels_of(resize(picture_of(plain(64, 32, colour)), {21, 11}));
        EXPECT_EQ(pixel_at(scaled, 10, 5), colour);
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

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
}

/// A profile as a PNG's `gAMA` makes it: with 1, of light that is not encoded at all.
std::vector<std::byte> linear_profile(bool is_grey) {
    return bytes_of(
        made_profile(PngFacts{.gamma = 1.0, .chromaticities = {}, .plays = {}}, is_grey).value()
    );
}

TEST(Steps, AlphaOfSixteenBitsStaysBesideAProfile) {
    for (const int bands : {2, 4}) {
        Pixels pixels{
            .width = 1, .height = 1, .bands = bands, .bits = 16, .bytes = {}, .icc_profile = {}
        };
        for (int band = 0; band < bands; ++band) {
            const std::uint16_t sample = band == bands - 1 ? 0x4040 : 0x8080;
            const auto* bytes = reinterpret_cast<const std::byte*>(&sample);
            pixels.bytes.insert(pixels.bytes.end(), bytes, bytes + 2);
        }
        pixels.icc_profile = linear_profile(bands == 2);
        const Pixels seen = pixels_of(to_srgb(picture_of(pixels)));
        EXPECT_TRUE(is_near(pixel_at(seen, 0, 0), {188, 188, 188, 64}, 1)) << bands;
    }
}

TEST(Steps, AProfileForPicturesOfAnotherKindIsIgnored) {
    Pixels pixels = quarters(8, 8);
    pixels.icc_profile = linear_profile(true);
    EXPECT_EQ(quarters_of(pixels_of(to_srgb(picture_of(pixels)))), kQuarters);
}

TEST(Steps, ColoursTellNoMoreThanSrgbWithoutAProfile) {
    EXPECT_FALSE(made_profile({.gamma = {}, .chromaticities = {}, .plays = {}}, false));
    EXPECT_FALSE(made_profile({.gamma = 0.45455, .chromaticities = {}, .plays = {}}, false));
    // Red and green change places.
    const Chromaticities swapped = {0.3127, 0.3290, 0.30, 0.60, 0.64, 0.33, 0.15, 0.06};
    Pixels pixels = plain(1, 1, {255, 0, 0, 255});
    pixels.icc_profile =
        bytes_of(made_profile({.gamma = {}, .chromaticities = swapped, .plays = {}}, false).value()
        );
    EXPECT_TRUE(is_near(pixel_at(pixels_of(to_srgb(picture_of(pixels))), 0, 0), {0, 255, 0, 255}, 3)
    );
}

TEST(Steps, FloatingPointFromBlackToOneIsFromBlackToWhite) {
    ASSERT_TRUE(init());
    const std::array<float, 3> samples = {0.0F, 0.5F, 1.0F};
    VipsImage* image = vips_image_new_from_memory_copy(
        samples.data(), sizeof(samples), 3, 1, 1, VIPS_FORMAT_FLOAT
    );
    image->Type = VIPS_INTERPRETATION_B_W;
    auto mixed = to_additive(Picture(image, nullptr));
    ASSERT_TRUE(mixed);
    const Pixels seen = pixels_of(to_srgb(*std::move(mixed)));
    EXPECT_EQ(pixel_at(seen, 0, 0)[0], 0);
    EXPECT_NEAR(pixel_at(seen, 1, 0)[0], 128, 1);
    EXPECT_EQ(pixel_at(seen, 2, 0)[0], 255);
}

TEST(Save, APictureOfFewColoursKeepsAPalette) {
    const TemporaryFolder folder;
    for (const Rgba& colour : {Rgba{1, 2, 3, 255}, Rgba{1, 2, 3, 0}, Rgba{1, 2, 3, 100}}) {
        Pixels pixels = quarters(64, 64, 4);
        for (std::size_t i = 0; i < 4; ++i) pixels.bytes[i] = static_cast<std::byte>(colour.at(i));
        const SaveSettings settings{
            .format = ImageFormat::kPng, .effort = 6, .has_few_colours = true, .size = {}
        };
        ASSERT_TRUE(save(picture_of(pixels), settings, "a.png"));
        const auto bytes = file_bytes("a.png");
        EXPECT_EQ(std::to_integer<int>(bytes.at(24)), 4);  // bits
        EXPECT_EQ(std::to_integer<int>(bytes.at(25)), 3);  // a palette
        EXPECT_EQ(quarters_of(decoded(bytes)), kQuarters);
        EXPECT_TRUE(is_near(pixel_at(decoded(bytes), 0, 0), colour, 0));
    }
}

}  // namespace
}  // namespace ittybit::image
