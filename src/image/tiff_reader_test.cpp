#include "image/tiff_reader.h"

#include <array>
#include <span>

#include <gtest/gtest.h>
#include <tiffio.h>

#include "base/text.h"
#include "image/testing.h"
#include "image/titles.h"
#include "image/xmp.h"

namespace ittybit::image {
namespace {

/// A TIFF of one white pixel, by its luma and colour differences. `next`: where another page is.
std::vector<std::byte> luma_tiff(std::uint32_t next = 0) {
    struct Tag {
        std::uint16_t number;
        std::uint32_t value;
    };
    constexpr std::array<Tag, 10> kTags = {
        {{256, 1},
         {257, 1},
         {258, 8},
         {259, 1},
         {262, 6},
         {273, 0},
         {277, 3},
         {278, 1},
         {279, 3},
         {530, 0x10001}}
    };
    std::vector<std::byte> file;
    const auto put = [&](auto value) {
        const auto bytes = std::as_bytes(std::span(&value, 1));
        file.insert(file.end(), bytes.begin(), bytes.end());
    };
    const auto end = static_cast<std::uint32_t>(8 + 2 + 12 * kTags.size() + 4);
    put(std::uint32_t{0x002A4949});
    put(std::uint32_t{8});
    put(static_cast<std::uint16_t>(kTags.size()));
    for (const auto& [number, value] : kTags) {
        const bool is_pair = number == 530;
        put(number);
        put(static_cast<std::uint16_t>(is_pair ? 3 : 4));
        put(std::uint32_t{is_pair ? 2U : 1U});
        put(number == 273 ? end : value);
    }
    put(next);
    for (const int level : {255, 128, 128}) file.push_back(static_cast<std::byte>(level));
    return file;
}

/// Ends with an error where the bytes of a file end.
class Broken : public MemorySource {
public:
    using MemorySource::MemorySource;
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const std::size_t count = TRY(MemorySource::read_at(offset, out));
        if (count == 0) return Error{ErrorKind::kDownloadFailed, "the line went dead", "input"};
        return count;
    }
};

TEST(OddTiff, IsReadByItsLuma) {
    const auto pixels = decoded(luma_tiff());
    EXPECT_TRUE(is_near(pixel_at(pixels, 0, 0), {255, 255, 255, 255}, 2));
}

/// A TIFF of 2×2 grey levels, as RGB or as luma and colour differences, with titles.
std::vector<std::byte> titled_tiff(std::uint16_t photometric, const Titles& titles) {
    const TemporaryFolder folder;
    TIFF* tiff = TIFFOpen("a.tif", "w");
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 2);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 2);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 2);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
    if (photometric == PHOTOMETRIC_YCBCR) TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, 1, 1);
    TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, titles.description.c_str());
    TIFFSetField(tiff, TIFFTAG_ARTIST, join(titles.artists, "; ").c_str());
    TIFFSetField(tiff, TIFFTAG_COPYRIGHT, titles.copyright.c_str());
    const std::string packet = xmp_packet({titles.title, {}, {}, {}});
    TIFFSetField(tiff, TIFFTAG_XMLPACKET, static_cast<std::uint32_t>(packet.size()), packet.data());
    std::array<std::uint8_t, 12> pixels{};
    pixels.fill(128);
    EXPECT_EQ(TIFFWriteEncodedStrip(tiff, 0, pixels.data(), pixels.size()), 12);
    TIFFClose(tiff);
    return file_bytes("a.tif");
}

TEST(Tiff, HasTheTitlesOfItsTags) {
    const Titles told = {
        .title = "Über allem",
        .description = "Holiday",
        .artists = {"Ann", "José"},
        .copyright = "© Ann",
    };
    for (const auto photometric : {PHOTOMETRIC_RGB, PHOTOMETRIC_YCBCR, PHOTOMETRIC_ICCLAB}) {
        const auto file = titled_tiff(static_cast<std::uint16_t>(photometric), told);
        MemorySource source(file);
        const auto picture = Picture::open(source, *sniff(source), {}, {});
        ASSERT_TRUE(picture) << photometric << picture.error().message;
        const Titles seen = titles_of(picture->vips());
        EXPECT_EQ(seen.title, told.title) << photometric;
        EXPECT_EQ(seen.description, told.description) << photometric;
        EXPECT_EQ(seen.artists, told.artists) << photometric;
        EXPECT_EQ(seen.copyright, told.copyright) << photometric;
        const auto pixel = pixel_at(decoded(file), 1, 1);
        EXPECT_TRUE(is_near(pixel, {124, 124, 124, 255}, 10)) << photometric;
    }
}

TEST(OddTiff, PassesOnTheErrorOfItsSourceFromALaterPage) {
    const auto file = luma_tiff(10'000);
    Broken source(file);
    const auto state = std::make_shared<SourceState>();
    state->bytes = &source;
    ASSERT_TRUE(init());
    const auto image = read_odd_tiff(state, 0, {});
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().kind, ErrorKind::kDownloadFailed);
}

}  // namespace
}  // namespace ittybit::image
