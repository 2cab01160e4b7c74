#include "tasks/image.h"

#include <fstream>

#include <gtest/gtest.h>

#include "image/animation_writer.h"
#include "image/made_profile.h"
#include "image/palette_png.h"
#include "image/testing.h"
#include "image/titles.h"
#include "tasks/run_task.h"
#include "tasks/testing.h"

namespace ittybit::tasks {
namespace {

using image::decoded;
using image::encoded;
using image::is_near;
using image::kQuarters;
using image::pixel_at;
using image::quarters;
using image::quarters_of;
using image::Rgba;

/// Runs a task in a folder of its own and gives the result's bytes.
struct Outcome {
    Result<Finished> result;
    std::vector<std::byte> bytes;
};

Outcome run_on(
    const char* kind,
    std::span<const std::byte> input,
    const char* options,
    Limits limits = {},
    const char* name = nullptr  // of the file; by default the output's
) {
    const image::TemporaryFolder folder;
    MemorySource source(input);
    SilentEvents events;
    Assignment assignment;
    assignment.kind = kind;
    assignment.options = *parse_json(options);
    assignment.limits = limits;
    auto result = run_task(assignment, source, events);
    if (!result) return {std::move(result), {}};
    auto bytes = image::file_bytes(name != nullptr ? name : "output." + result->file.format);
    return {std::move(result), std::move(bytes)};
}

/// The quarters that display shows, for a stored picture with an EXIF orientation.
std::array<Rgba, 4> shown(int orientation) {
    const auto& [a, b, c, d] = kQuarters;
    switch (orientation) {
        case 2: return {b, a, d, c};
        case 3: return {d, c, b, a};
        case 4: return {c, d, a, b};
        case 5: return {a, c, b, d};
        case 6: return {c, a, d, b};
        case 7: return {d, b, c, a};
        case 8: return {b, d, a, c};
        default: return {a, b, c, d};
    }
}

void expect_quarters(std::span<const std::byte> bytes, const std::array<Rgba, 4>& wanted) {
    const auto seen = quarters_of(decoded(bytes));
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_TRUE(is_near(seen.at(i), wanted.at(i), 20)) << "quarter " << i;
}

TEST(Image, EveryOrientationComesOutUpright) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const auto input = encoded(quarters(64, 32), "jpegsave_target", orientation);
        const auto whole = run_on("image", input, "{}");
        ASSERT_TRUE(whole.result) << whole.result.error().message;
        const bool is_turned = orientation >= 5;
        EXPECT_EQ(whole.result->file.width, is_turned ? 32 : 64) << orientation;
        EXPECT_EQ(whole.result->file.rotation, 0);
        expect_quarters(whole.bytes, shown(orientation));
        const auto small = run_on("image", input, R"({"width":20,"format":"png"})");
        ASSERT_TRUE(small.result);
        EXPECT_EQ(small.result->file.height, is_turned ? 40 : 10);
        expect_quarters(small.bytes, shown(orientation));
    }
}

TEST(Image, EveryFormatKeepsThePicture) {
    const auto input = encoded(quarters(64, 48), "pngsave_target");
    for (const char* format : {"jpeg", "png", "webp", "avif"}) {
        const auto made =
            run_on("image", input, (std::string(R"({"format":")") + format + "\"}").c_str());
        ASSERT_TRUE(made.result) << format << made.result.error().message;
        EXPECT_EQ(made.result->file.format, format);
        expect_quarters(made.bytes, kQuarters);
    }
}

TEST(Image, TheInputsOwnFormatIsTheDefault) {
    EXPECT_EQ(
        run_on("image", encoded(quarters(8, 8), "webpsave_target"), "{}").result->file.format,
        "webp"
    );
    EXPECT_EQ(
        run_on("image", encoded(quarters(8, 8), "jpegsave_target"), "{}").result->file.format,
        "jpeg"
    );
}

TEST(Image, ContainPadsBlackOrClearOrInTheColourAsked) {
    const auto input = encoded(quarters(40, 20), "pngsave_target");
    const auto black =
        run_on("image", input, R"({"width":40,"height":40,"format":"jpeg","quality":"high"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(black.bytes), 20, 3), {0, 0, 0, 255}));
    const auto clear = run_on("image", input, R"({"width":40,"height":40})");
    EXPECT_EQ(pixel_at(decoded(clear.bytes), 20, 3)[3], 0);
    const auto pink = run_on("image", input, R"({"width":40,"height":40,"background":"#ff80c0"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(pink.bytes), 20, 3), {255, 128, 192, 255}, 1));
    EXPECT_TRUE(is_near(pixel_at(decoded(pink.bytes), 5, 15), kQuarters[0], 1));
}

TEST(Image, CoverKeepsThePartAsked) {
    const auto input = encoded(quarters(80, 20), "pngsave_target");
    const auto left =
        run_on("image", input, R"({"width":20,"height":20,"fit":"cover","position":"left"})");
    const auto right = run_on(
        "image", input, R"({"width":20,"height":20,"fit":"cover","position":"bottom-right"})"
    );
    EXPECT_TRUE(is_near(pixel_at(decoded(left.bytes), 15, 5), kQuarters[0], 2));
    EXPECT_TRUE(is_near(pixel_at(decoded(right.bytes), 5, 5), kQuarters[1], 2));
}

TEST(Image, WhatCannotBeScaledToCoverIsToldToBeContained) {
    const auto input = encoded(quarters(2000, 10), "pngsave_target");
    const Limits limits{.pixels = 1'000'000};
    const std::string size = R"("width":100,"height":100)";
    for (const auto& [kind, rest] :
         {std::pair{"image", ""}, std::pair{"animation", R"(,"end":1)"}}) {
        const auto cover = "{" + size + R"(,"fit":"cover")" + rest + "}";
        const auto refused = run_on(kind, input, cover.c_str(), limits);
        ASSERT_FALSE(refused.result);
        const Error& error = refused.result.error();
        EXPECT_EQ(error.kind, ErrorKind::kLimitExceeded);
        EXPECT_NE(error.message.find("scaled to 20000×100"), error.message.npos) << error.message;
        EXPECT_NE(error.message.find("fit contain"), error.message.npos) << error.message;
        const auto contained = "{" + size + rest + "}";
        EXPECT_TRUE(run_on(kind, input, contained.c_str(), limits).result);
    }
}

TEST(Image, TransparencyIsKeptOrLaidOnWhite) {
    const auto input = encoded(image::plain(16, 16, {255, 0, 0, 0}), "pngsave_target");
    EXPECT_EQ(pixel_at(decoded(run_on("image", input, "{}").bytes), 8, 8)[3], 0);
    const auto flat = run_on("image", input, R"({"format":"jpeg"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(flat.bytes), 8, 8), {255, 255, 255, 255}, 3));
    const auto green = run_on("image", input, R"({"format":"jpeg","background":"#00ff00"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(green.bytes), 8, 8), {0, 255, 0, 255}, 6));
}

TEST(Image, TitlesStayAndPlacesAndSerialNumbersGo) {
    const auto input = encoded(
        quarters(16, 16), "jpegsave_target", 1,
        {{"exif-ifd0-ImageDescription", "Sunset"},
         {"exif-ifd0-Artist", "Ada"},
         {"exif-ifd0-Make", "SecretCamera"},
         {"exif-ifd3-GPSAreaInformation", "AtHome"}}
    );
    for (const char* format : {"jpeg", "webp"}) {
        const auto made =
            run_on("image", input, (std::string(R"({"format":")") + format + "\"}").c_str());
        ASSERT_TRUE(made.result);
        const std::string_view text(
            reinterpret_cast<const char*>(made.bytes.data()), made.bytes.size()
        );
        EXPECT_NE(text.find("Sunset"), text.npos) << format;
        EXPECT_NE(text.find("Ada"), text.npos) << format;
        EXPECT_EQ(text.find("SecretCamera"), text.npos) << format;
        EXPECT_EQ(text.find("AtHome"), text.npos) << format;
    }
}

TEST(Image, TheTitlesOfAnAnimatedPngStay) {
    using namespace std::string_literals;
    auto input = encoded(
        quarters(16, 16), "pngsave_target", 1,
        {{"png-comment-0-Copyright", "(c) Ann"}, {"png-comment-1-Author", "Ann"}}
    );
    const auto insert = [&](std::ptrdiff_t place, const std::string& chunk) {
        const auto bytes = std::as_bytes(std::span(chunk));
        input.insert(input.begin() + place, bytes.begin(), bytes.end());
    };
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    constexpr std::size_t kLength = 4;
    insert(
        static_cast<std::ptrdiff_t>(text.find("IDAT") - kLength),
        image::png_chunk("fcTL", "\0\0\0\0\0\0\0\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\1\0\5\0\0"s)
    );
    constexpr std::ptrdiff_t kBehindHeader = 33;
    insert(kBehindHeader, image::png_chunk("acTL", "\0\0\0\1\0\0\0\0"s));
    for (const bool is_series : {false, true}) {
        const auto made = is_series
                              ? run_on("image", input, R"({"interval":1})", {}, "thumb-000.png")
                              : run_on("image", input, "{}");
        ASSERT_TRUE(made.result) << made.result.error().message;
        MemorySource source(made.bytes);
        const auto picture = image::Picture::open(source, *sniff(source), {}, {});
        ASSERT_TRUE(picture);
        const auto titles = image::titles_of(picture->vips());
        EXPECT_EQ(titles.copyright, "(c) Ann");
        EXPECT_EQ(titles.artists, (std::vector<std::string>{"Ann"}));
        expect_quarters(made.bytes, kQuarters);
    }
}

TEST(Image, LevelsAreOrderedBySize) {
    image::Pixels noise{
        .width = 128, .height = 128, .bands = 3, .bits = 8, .bytes = {}, .icc_profile = {}
    };
    unsigned state = 1;
    for (int i = 0; i < 128 * 128 * 3; ++i) {
        state = state * 1664525U + 1013904223U;
        noise.bytes.push_back(static_cast<std::byte>((i / 3 % 128) + (state >> 25)));
    }
    const auto input = encoded(noise, "pngsave_target");
    for (const char* format : {"jpeg", "webp", "avif"}) {
        std::size_t before = 0;
        for (const char* level : {"very_low", "low", "medium", "high", "very_high"}) {
            const auto made = run_on(
                "image", input,
                (std::string(R"({"format":")") + format + R"(","quality":")" + level + "\"}")
                    .c_str()
            );
            EXPECT_GT(made.bytes.size(), before) << format << " " << level;
            before = made.bytes.size();
        }
    }
}

TEST(Image, ACutJpegIsCorruptAndAHugeOneOverTheLimit) {
    const auto input = encoded(quarters(640, 480), "jpegsave_target");
    const auto cut = run_on(
        "image", std::span<const std::byte>(input).first(input.size() / 2), R"({"format":"png"})"
    );
    ASSERT_FALSE(cut.result);
    EXPECT_EQ(cut.result.error().kind, ErrorKind::kCorruptMedia);
    const auto huge = run_on("image", input, "{}", Limits{.pixels = 1000});
    ASSERT_FALSE(huge.result);
    EXPECT_EQ(huge.result.error().kind, ErrorKind::kLimitExceeded);
    EXPECT_EQ(huge.result.error().limit->name, "pixels");
}

TEST(Image, WebpIsRefusedBeyondItsLongestSide) {
    const auto input = encoded(quarters(64, 2), "pngsave_target");
    const auto wide = run_on("image", input, R"({"width":16384,"height":2,"format":"webp"})");
    ASSERT_FALSE(wide.result);
    EXPECT_EQ(wide.result.error().kind, ErrorKind::kLimitExceeded);
}

/// Red for 0.3 s, then green for 0.2 s.
std::vector<std::byte> two_colours(
    const Rgba& first = {255, 0, 0, 255}, const Rgba& second = {0, 255, 0, 255}
) {
    const image::TemporaryFolder folder;
    auto writer = image::AnimationWriter::open({.size = {32, 16}, .loop = 3, .quality = 95});
    EXPECT_TRUE(writer);
    const auto red = image::plain(32, 16, first);
    const auto green = image::plain(32, 16, second);
    EXPECT_TRUE((*writer)->add(red.bytes, 128, 0));
    EXPECT_TRUE((*writer)->add(green.bytes, 128, 300));
    EXPECT_TRUE((*writer)->finish(500, "a.webp"));
    return image::file_bytes("a.webp");
}

TEST(Image, AnAnimationGivesTheFrameOnScreenAtStart) {
    const auto input = two_colours();
    const auto first = run_on("image", input, R"({"start":0.29,"format":"png"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(first.bytes), 4, 4), {255, 0, 0, 255}, 10));
    const auto second = run_on("image", input, R"({"start":0.31,"format":"png"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(second.bytes), 4, 4), {0, 255, 0, 255}, 10));
    const auto none = run_on("image", input, R"({"start":0.51})");
    ASSERT_FALSE(none.result);
    EXPECT_EQ(none.result.error().kind, ErrorKind::kStartOutOfRange);
}

TEST(Image, TheProfileOfAnAnimatedWebpIsHeededWhateverItBecomes) {
    image::PngFacts adobe;
    adobe.gamma = 256.0 / 563;
    adobe.chromaticities = {0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06};
    const auto input = image::with_chunk(
        two_colours({200, 60, 60, 255}, {60, 200, 60, 255}), "ICCP",
        image::made_profile(adobe, false).value()
    );
    const auto colour_of = [](const Outcome& outcome, int page) {
        EXPECT_TRUE(outcome.result) << outcome.result.error().message;
        return pixel_at(decoded(outcome.bytes, page), 4, 4);
    };
    const auto first = colour_of(run_on("image", input, R"({"format":"png"})"), 0);
    const auto second = colour_of(run_on("image", input, R"({"format":"png","start":0.4})"), 0);
    EXPECT_GT(first[0], 220);
    EXPECT_LT(second[0], 30);
    const auto moving = run_on("animation", input, R"({"end":9})");
    EXPECT_TRUE(is_near(colour_of(moving, 1), first, 8));
    EXPECT_TRUE(is_near(colour_of(moving, 4), second, 8));
    const char* const series = R"({"interval":0.4,"format":"png"})";
    EXPECT_TRUE(is_near(colour_of(run_on("image", input, series, {}, "thumb-000.png"), 0), first, 2)
    );
    EXPECT_TRUE(
        is_near(colour_of(run_on("image", input, series, {}, "thumb-001.png"), 0), second, 2)
    );
}

/// Quarters of 64×32 that grow a white dot after 0.3 s, to be shown by an EXIF orientation.
std::vector<std::byte> turned_animation(int orientation) {
    using namespace std::string_literals;
    const image::TemporaryFolder folder;
    auto writer = image::AnimationWriter::open({.size = {64, 32}, .quality = 95});
    EXPECT_TRUE(writer);
    auto picture = quarters(64, 32, 4);
    EXPECT_TRUE((*writer)->add(picture.bytes, 256, 0));
    std::fill_n(picture.bytes.begin(), 8, std::byte{255});
    EXPECT_TRUE((*writer)->add(picture.bytes, 256, 300));
    EXPECT_TRUE((*writer)->finish(500, "a.webp"));
    const auto exif = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s +
                      static_cast<char>(orientation) + "\0\0\0\0\0\0\0"s;
    return image::with_chunk(image::file_bytes("a.webp"), "EXIF", exif);
}

TEST(Image, AnAnimatedWebpIsUprightWhateverItBecomes) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
        SCOPED_TRACE(orientation);
        const auto input = turned_animation(orientation);
        const int width = orientation >= 5 ? 32 : 64;
        const auto expect_upright = [&](const Outcome& made) {
            ASSERT_TRUE(made.result) << made.result.error().message;
            EXPECT_EQ(made.result->file.width, width);
            EXPECT_EQ(made.result->file.height, 96 - width);
            expect_quarters(made.bytes, shown(orientation));
        };
        expect_upright(run_on("image", input, R"({"format":"png"})"));
        expect_upright(run_on("animation", input, R"({"end":9})"));
        expect_upright(
            run_on("image", input, R"({"interval":0.3,"format":"png"})", {}, "thumb-001.png")
        );
        const auto tiles = run_on(
            "image", input, R"({"interval":0.5,"sheet":"sprite","format":"png"})", {},
            "sprite-000.png"
        );
        expect_upright(tiles);
        const auto film = run_on("video", input, "{}");
        ASSERT_TRUE(film.result) << film.result.error().message;
        EXPECT_EQ(film.result->file.width, width);
        const auto poster = run_on("image", film.bytes, R"({"format":"png"})");
        ASSERT_TRUE(poster.result);
        const auto seen = quarters_of(decoded(poster.bytes));
        for (std::size_t i = 0; i < 4; ++i)
            EXPECT_TRUE(is_near(seen.at(i), shown(orientation).at(i), 40)) << "quarter " << i;
    }
}

TEST(AnimationTask, WebpBecomesAGifWithItsTimesAndLoops) {
    const auto made = run_on("animation", two_colours(), R"({"end":9})");
    ASSERT_TRUE(made.result) << made.result.error().message;
    EXPECT_EQ(made.result->file.format, "gif");
    EXPECT_NEAR(*made.result->file.duration, 0.5, 0.011);
    EXPECT_NEAR(*made.result->file.fps, 10, 0.3);
    EXPECT_EQ(made.result->warnings.size(), 1U);
    EXPECT_TRUE(is_near(pixel_at(decoded(made.bytes, 1), 4, 4), {255, 0, 0, 255}, 12));
    EXPECT_TRUE(is_near(pixel_at(decoded(made.bytes, 4), 4, 4), {0, 255, 0, 255}, 12));
    MemorySource source(made.bytes);
    const auto header = image::read_header(source, *sniff(source), {});
    ASSERT_TRUE(header);
    EXPECT_EQ(header->loop, 3);
}

TEST(AnimationTask, AShadowInAGifIsLaidOnTheBackgroundAsked) {
    const auto input = encoded(image::plain(20, 20, {0, 0, 0, 102}), "pngsave_target");
    const auto bare = run_on("animation", input, R"({"end":1})");
    EXPECT_EQ(pixel_at(decoded(bare.bytes), 9, 9)[3], 0);
    const auto green = run_on("animation", input, R"({"end":1,"background":"#00ff00"})");
    EXPECT_TRUE(is_near(pixel_at(decoded(green.bytes), 9, 9), {0, 153, 0, 255}, 2));
}

TEST(AnimationTask, AStillGivesOneFrameOfTheSizeAsked) {
    const auto input = encoded(quarters(40, 20), "pngsave_target");
    for (const char* format : {"gif", "webp"}) {
        const auto made = run_on(
            "animation", input,
            (std::string(R"({"end":2,"width":40,"height":40,"format":")") + format + "\"}").c_str()
        );
        ASSERT_TRUE(made.result) << made.result.error().message;
        EXPECT_EQ(made.result->file.height, 40);
        const auto pixels = decoded(made.bytes);
        EXPECT_EQ(pixel_at(pixels, 20, 3)[3], 0) << format;
        EXPECT_TRUE(is_near(pixel_at(pixels, 4, 14), kQuarters[0], 20)) << format;
    }
}

}  // namespace
}  // namespace ittybit::tasks
