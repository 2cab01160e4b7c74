#include "media/crop.h"

#include <string>

#include <gmock/gmock.h>

namespace ittybit::media {
namespace {

using testing::ElementsAre;

/// EBML with sizes of one byte.
std::string element(std::string_view name, const std::string& content) {
    return std::string(name) + static_cast<char>(0x80U | content.size()) + content;
}

std::string number(std::string_view name, int value) {
    return element(name, {static_cast<char>(value >> 8), static_cast<char>(value)});
}

std::vector<Crop> crops_of(const std::string& video) {
    const std::string file =
        element("\x1A\x45\xDF\xA3", "") +
        element("\x18\x53\x80\x67", element("\x16\x54\xAE\x6B", element("\xAE", video)));
    MemorySource source(std::as_bytes(std::span(file)));
    const auto found = read_crops(
        source, {.family = Family::kMedia, .format = "mkv", .demuxer = "matroska", .refusal = {}}
    );
    return found ? *found : std::vector<Crop>();
}

TEST(Crops, OfMatroskaAreInPixels) {
    const auto video = number("\x54\xCC", 10) + number("\x54\xDD", 20) + number("\x54\xBB", 4) +
                       number("\x54\xAA", 300);
    EXPECT_THAT(
        crops_of(element("\xE0", video)),
        ElementsAre(Crop{.left = 10, .top = 4, .right = 20, .bottom = 300})
    );
}

TEST(Crops, HaveProportionsOfWhatIsLeft) {
    const auto video = number("\x54\xCC", 10) + number("\x54\xB0", 384) + number("\x54\xBA", 192);
    EXPECT_THAT(
        crops_of(element("\xE0", video)),
        ElementsAre(Crop{.left = 10, .shown_width = 384, .shown_height = 192})
    );
}

TEST(Crops, OfATrackWithoutAnyAreNone) {
    EXPECT_THAT(crops_of(element("\x83", "\1")), ElementsAre(Crop{}));
    EXPECT_THAT(crops_of(element("\xE0", std::string(100, '\xFF'))), ElementsAre(Crop{}));
}

}  // namespace
}  // namespace ittybit::media
