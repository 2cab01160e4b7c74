#include "image/presented.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "image/heif_meta.h"
#include "image/overlaid_source.h"
#include "image/palette_png.h"
#include "image/testing.h"

namespace ittybit::image {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string big_endian(std::uint64_t number, unsigned length) {
    std::string bytes;
    for (unsigned i = length; i-- > 0;) bytes += static_cast<char>((number >> (8 * i)) & 0xFFU);
    return bytes;
}

std::string box(std::string_view type, std::string_view content) {
    return big_endian(content.size() + 8, 4) + std::string(type) + std::string(content);
}

std::string full_box(std::string_view type, std::string_view content) {
    return box(type, big_endian(0, 4) + std::string(content));
}

/// What a reader sees of a file: all of it.
Result<std::string> seen(std::string_view file) {
    MemorySource source(std::as_bytes(std::span(file)));
    const auto shown = TRY(presented(source));
    EXPECT_EQ(shown->size(), file.size());
    return read_text(*shown, 0, file.size() + 100);
}

std::string packed(std::size_t length) {
    const std::string bytes(length, 'x');
    uLongf size = compressBound(length);
    std::string out(size, '\0');
    compress2(
        reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
        length, 9
    );
    out.resize(size);
    return out;
}

/// A PNG of one pixel with chunks behind its header.
std::string png_with(std::string_view chunks) {
    const Pixels dot = plain(1, 1, {255, 0, 0, 255});
    const std::string png = *palette_png(dot);
    return png.substr(0, 33) + std::string(chunks) + png.substr(33);
}

TEST(Presented, TextThatUnpacksToMuchIsNotThere) {
    const auto text = png_chunk("zTXt", "Comment\0\0"s + packed(50'000'000));
    const auto file = png_with(text + png_chunk("tEXt", "Title\0Sunset"s) + text);
    const auto shown = seen(file);
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->size(), file.size());
    EXPECT_EQ(shown->find("zTXt"), std::string::npos);
    EXPECT_NE(shown->find("Sunset"), std::string::npos);
    EXPECT_EQ(shown->substr(33, 8), file.substr(33, 4) + "skIp");
    const std::string hidden = "skIp" + std::string(text.size() - 12, '\0');
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(hidden.data()), static_cast<uInt>(hidden.size()));
    EXPECT_EQ(shown->substr(33 + text.size() - 4, 4), big_endian(sum, 4));
    EXPECT_EQ(pixel_at(decoded(std::as_bytes(std::span(*shown))), 0, 0), (Rgba{255, 0, 0, 255}));
}

TEST(Presented, ManyTextsTogetherHaveABound) {
    std::string chunks;
    for (int i = 0; i < 100; ++i)
        chunks += png_chunk("iTXt", "Comment\0\1\0\0\0"s + packed(1'000'000));
    const auto shown = seen(png_with(chunks));
    ASSERT_TRUE(shown);
    std::size_t kept = 0;
    for (std::size_t at = 0; (at = shown->find("iTXt", at)) != std::string::npos; ++at) ++kept;
    EXPECT_EQ(kept, 4U);
}

TEST(Presented, AProfileThatUnpacksToMuchIsRefusedAndTheLimitNamed) {
    const auto shown = seen(png_with(png_chunk("iCCP", "sRGB\0\0"s + packed(20'000'000))));
    ASSERT_FALSE(shown);
    EXPECT_EQ(shown.error().kind, ErrorKind::kLimitExceeded);
    ASSERT_TRUE(shown.error().limit);
    EXPECT_EQ(shown.error().limit->name, "profile_bytes");
    EXPECT_TRUE(seen(png_with(png_chunk("iCCP", "sRGB\0\0"s + packed(1'000'000)))));
}

TEST(Presented, AGifWithoutScreenHasThatOfItsFirstPicture) {
    const auto gif = [](std::string_view screen) {
        return "GIF89a"s + std::string(screen) + "\x80\0\0\0\0\0\xFF\xFF\xFF"s +
               "\x21\xF9\x04\0\x0A\0\0\0"s + "\x2C\1\0\2\0\3\0\4\0\0"s + "\x02\x02\x44\x01\0\x3B"s;
    };
    const auto shown = seen(gif("\0\0\0\0"sv));
    ASSERT_TRUE(shown);
    EXPECT_EQ(*shown, gif("\4\0\6\0"sv));
    EXPECT_EQ(*seen(gif("\7\0\7\0"sv)), gif("\7\0\7\0"sv));
}

std::string item(int id, std::string_view type, std::string_view behind = {}) {
    const std::string content = big_endian(static_cast<unsigned>(id), 2) + "\0\0"s +
                                std::string(type) + '\0' + std::string(behind);
    return box("infe", big_endian(2U << 24U, 4) + content);
}

std::string reference(std::string_view type, std::initializer_list<int> ids) {
    std::string content = big_endian(static_cast<unsigned>(*ids.begin()), 2);
    content += big_endian(ids.size() - 1, 2);
    for (const int* id = ids.begin() + 1; id != ids.end(); ++id)
        content += big_endian(static_cast<unsigned>(*id), 2);
    return box(type, content);
}

/// As an iPhone since iOS 18 writes them: 1 the picture, 2 its gain map, 3 both together, 4 packed
/// metadata. The first colours of the file are those of 3.
std::string phone_picture() {
    const auto colours = [](unsigned primaries, unsigned transfer) {
        return box(
            "colr", "nclx" + big_endian(primaries, 2) + big_endian(transfer, 2) + "\0\6\x80"s
        );
    };
    const std::string items = big_endian(4, 2) + item(1, "hvc1") + item(2, "hvc1") +
                              item(3, "tmap") + item(4, "mime", "text/xml\0deflate\0"sv);
    const std::string properties = box("ipco", colours(12, 16) + colours(1, 13)) +
                                   full_box("ipma", big_endian(2, 4) + "\0\1\1\2"s + "\0\3\1\1"s);
    const std::string references =
        reference("dimg", {3, 1, 2}) + reference("auxl", {2, 1, 3}) + reference("cdsc", {4, 1, 3});
    const std::string meta = full_box(
        "meta", full_box("hdlr", big_endian(0, 4) + "pict" + std::string(13, '\0')) +
                    full_box("pitm", "\0\1"sv) + full_box("iinf", items) + box("iprp", properties) +
                    full_box("iref", references)
    );
    return box("ftyp", "heic\0\0\0\0mif1heic"sv) + meta + box("mdat", "pixels");
}

TEST(Presented, AGainMapBelongsToOnePicture) {
    const std::string file = phone_picture();
    const auto shown = seen(file);
    ASSERT_TRUE(shown);
    ASSERT_EQ(shown->size(), file.size());
    EXPECT_EQ(shown->substr(shown->size() - 14), file.substr(file.size() - 14));
    MemorySource source(std::as_bytes(std::span(*shown)));
    const auto meta = read_heif_meta(source);
    ASSERT_TRUE(meta && *meta);
    using Ids = std::vector<std::uint32_t>;
    EXPECT_EQ((*meta)->targets(2, "auxl"), Ids{1});
    EXPECT_EQ((*meta)->targets(4, "cdsc"), Ids{1});
    EXPECT_EQ((*meta)->targets(3, "dimg"), Ids{});
    EXPECT_EQ((*meta)->items.at(4).type, "skip");
    EXPECT_EQ(heif_facts(**meta).transfer, 13);
}

TEST(Presented, ThePrimaryPicturesOwnColoursCount) {
    const std::string file = phone_picture();
    MemorySource source(std::as_bytes(std::span(file)));
    const auto meta = read_heif_meta(source);
    ASSERT_TRUE(meta && *meta);
    EXPECT_EQ(heif_facts(**meta).primaries, 1);
    EXPECT_EQ(heif_facts(**meta).transfer, 13);
}

TEST(Presented, EveryBeginningOfAFileIsBorne) {
    for (const std::string& file : {phone_picture(), png_with(png_chunk("zTXt", "a\0\0b"s))})
        for (std::size_t length = 0; length < file.size(); ++length)
            EXPECT_TRUE(seen(std::string_view(file).substr(0, length))) << length;
}

}  // namespace
}  // namespace ittybit::image
