#include "image/titles.h"

#include <chrono>

#include <gtest/gtest.h>

#include "image/embed.h"
#include "image/exif.h"
#include "image/save.h"
#include "image/testing.h"
#include "image/xmp.h"

namespace ittybit::image {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

const Titles kTitles = {
    .title = "Über den <Wolken> & darunter",
    .description = std::string(564, 'd'),
    .artists = {"José Ñandú", "山田太郎"},
    .copyright = "© 2024 Zoë (all), ASCII, reserved",
};

void expect_same(const Titles& seen, const Titles& wanted) {
    EXPECT_EQ(seen.title, wanted.title);
    EXPECT_EQ(seen.description, wanted.description);
    EXPECT_EQ(seen.artists, wanted.artists);
    EXPECT_EQ(seen.copyright, wanted.copyright);
}

TEST(Titles, XmpCarriesThemInAnyAlphabet) {
    expect_same(xmp_titles(xmp_packet(kTitles)), kTitles);
}

TEST(Titles, XmpMayHaveAnyEntityOnceUnescaped) {
    const auto packet = "<dc:title>&lt;&amp;lt;&quot;&apos;&#39;&#xA;a & b &unknown; &</dc:title>";
    EXPECT_EQ(xmp_titles(packet).title, "<&lt;\"'' a & b &unknown; &");
}

/// A packet of so many bytes at least, made of these pieces, each after whichever.
std::string packet_of(const std::vector<std::string_view>& pieces, std::size_t bytes) {
    std::string packet = "<dc:title>";
    std::uint32_t state = 1;
    while (packet.size() < bytes) {
        state = state * 1664525 + 1013904223;
        packet += pieces.at((state >> 16U) % pieces.size());
    }
    return packet + "</dc:title>";
}

/// What takes a moment here took minutes once: a process was held by five kilobytes of a PNG, until
/// it had been silent for a minute.
TEST(Titles, LongXmpHoldsNobody) {
    const std::vector<std::vector<std::string_view>> kinds = {
        {"&lt;"},
        {"&amp;", "&quot;", "x"},
        {"&"},
        {"<rdf:li>&gt;</rdf:li>"},
        {"<rdf:li"},
        {"<rdf:li>"},
        {"<dc:title"},
        {"<dc:creator>", "<rdf:li>", "</rdf:li>", "&lt;"},
        {"<dc:title", "<dc:creator", "<dc:rights", "<rdf:li", "</rdf:li>", ">", "/", "&amp;", " "},
        {"<dc:title>", "</dc:title>", "<dc:creator>", "</dc:creator>", "<rdf:li>", "</rdf:li>", "a"
        },
        {"\xC3\xA9", "\xE9", "&#xA;"},
    };
    for (const auto& pieces : kinds) {
        const std::string packet = packet_of(pieces, 4'000'000);
        const auto begin = std::chrono::steady_clock::now();
        const Titles titles = xmp_titles(packet);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        EXPECT_LT(took.count(), 60) << pieces.front();
        for (const auto& text : {titles.title, titles.description, titles.copyright})
            EXPECT_LE(text.size(), 8192U) << pieces.front();
    }
}

TEST(Titles, ExifCarriesWhatItHasATagFor) {
    Titles wanted = kTitles;
    wanted.title.clear();
    expect_same(exif_titles(exif_block(kTitles)), wanted);
    expect_same(exif_titles("Exif\0\0"s + exif_block(kTitles)), wanted);
    expect_same(exif_titles({}), {});
}

TEST(Titles, AnExifCopyrightOfTwoIsBoth) {
    std::string block =
        exif_block({.title = {}, .description = {}, .artists = {}, .copyright = "Ann-Bob"});
    block.replace(block.find("Ann-Bob") + 3, 1, 1, '\0');
    EXPECT_EQ(exif_titles(block).copyright, "Ann, Bob");
}

TEST(Titles, TextWithoutAWordOnItsEncodingIsLatin1) {
    EXPECT_EQ(title_text("Jos\xE9 M\xFCller\0"sv), "José Müller");
    EXPECT_EQ(title_text("José \0\0"sv), "José ");
    EXPECT_EQ(title_text(" \n \0"sv), "");
    EXPECT_EQ(trimmed(title_text(" José\n")), "José");
    EXPECT_EQ(title_text(std::string(100'000, 'x')), "");
}

TEST(Titles, EveryFormatKeepsThem) {
    const TemporaryFolder folder;
    for (const ImageFormat format :
         {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kWebp, ImageFormat::kAvif}) {
        auto picture = Picture::from_pixels(quarters(32, 32));
        ASSERT_TRUE(picture);
        keep_titles(picture->vips(), kTitles);
        picture = strip(*std::move(picture));
        ASSERT_TRUE(picture);
        ASSERT_TRUE(save(*picture, {.format = format, .quality = 90, .effort = 1, .size = {}}, "a")
        );
        const auto bytes = file_bytes("a");
        MemorySource source(bytes);
        const auto again = Picture::open(source, *sniff(source), {}, {});
        ASSERT_TRUE(again) << name_of(format) << again.error().message;
        expect_same(titles_of(again->vips()), kTitles);
        EXPECT_TRUE(is_near(pixel_at(decoded(bytes), 4, 4), kQuarters[0], 20));
    }
}

TEST(Titles, WhereThereIsNothingToKeepThereIsNoMetadata) {
    const TemporaryFolder folder;
    for (const ImageFormat format :
         {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kWebp, ImageFormat::kAvif}) {
        auto picture = strip(*Picture::from_pixels(quarters(32, 32)));
        ASSERT_TRUE(picture);
        ASSERT_TRUE(save(*picture, {.format = format, .quality = 90, .effort = 1, .size = {}}, "a")
        );
        const auto bytes = file_bytes("a");
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        for (const auto word : {"Exif"sv, "EXIF"sv, "eXIf"sv, "xmp"sv, "XMP"sv})
            EXPECT_EQ(text.find(word), text.npos) << name_of(format) << word;
    }
}

}  // namespace
}  // namespace ittybit::image
