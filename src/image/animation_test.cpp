#include <gtest/gtest.h>

#include "image/animation_reader.h"
#include "image/animation_writer.h"
#include "image/testing.h"

namespace ittybit::image {
namespace {

/// Three plain frames at 0, 40 and 57 ms, ending at 257 ms.
std::vector<std::byte> three_frames() {
    const TemporaryFolder folder;
    auto writer = AnimationWriter::open({.size = {32, 16}, .loop = 4, .quality = 90});
    EXPECT_TRUE(writer);
    const std::array<Rgba, 3> colours = {{{250, 0, 0, 255}, {0, 250, 0, 255}, {0, 0, 250, 0}}};
    const std::array starts = {0, 40, 57};
    for (std::size_t i = 0; i < 3; ++i) {
        const Pixels frame = plain(32, 16, colours.at(i));
        EXPECT_TRUE((*writer)->add(frame.bytes, 32 * 4, starts.at(i)));
    }
    EXPECT_TRUE((*writer)->finish(257, "a.webp"));
    return file_bytes("a.webp");
}

TEST(Animation, WebpKeepsFramesDelaysLoopAndTransparency) {
    const auto bytes = three_frames();
    MemorySource source(bytes);
    auto reader = AnimationReader::open(source, {});
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ((*reader)->size(), (Size{32, 16}));
    EXPECT_EQ((*reader)->frames(), 3);
    EXPECT_EQ((*reader)->loop(), 4);
    EXPECT_TRUE((*reader)->has_alpha());
    for (int round = 0; round < 2; ++round) {
        const std::array<std::pair<int, int>, 3> times = {{{0, 40}, {40, 17}, {57, 200}}};
        for (const auto& [start, duration] : times) {
            const auto frame = (*reader)->next();
            ASSERT_TRUE(frame && *frame);
            EXPECT_EQ((*frame)->start_ms, start);
            EXPECT_EQ((*frame)->duration_ms, duration);
            EXPECT_EQ((*frame)->rgba.size(), 32U * 16 * 4);
            EXPECT_EQ(std::to_integer<int>((*frame)->rgba[3]), start == 57 ? 0 : 255);
        }
        const auto end = (*reader)->next();
        ASSERT_TRUE(end);
        EXPECT_FALSE(*end);
        (*reader)->rewind();
    }
}

TEST(Animation, TheHeaderTellsWhatTheWriterWrote) {
    const auto bytes = three_frames();
    MemorySource source(bytes);
    const auto file = facts_of(source, *sniff(source), {});
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->kind, "animation");
    EXPECT_EQ(file->format, "webp");
    EXPECT_NEAR(*file->duration, 0.257, 0.0005);
    EXPECT_NEAR(*file->fps, 3 / 0.257, 0.1);
}

TEST(Animation, CutShortIsCorruptOrShort) {
    const auto bytes = three_frames();
    MemorySource source(std::span<const std::byte>(bytes).first(bytes.size() / 2));
    auto reader = AnimationReader::open(source, {});
    if (!reader) {
        EXPECT_EQ(reader.error().kind, ErrorKind::kCorruptMedia);
        return;
    }
    while (true) {
        const auto frame = (*reader)->next();
        if (!frame) {
            EXPECT_EQ(frame.error().kind, ErrorKind::kCorruptMedia);
            break;
        }
        if (!*frame) break;
    }
}

TEST(Animation, LimitsAreKept) {
    const auto bytes = three_frames();
    MemorySource source(bytes);
    const auto pixels = AnimationReader::open(source, Limits{.pixels = 100});
    ASSERT_FALSE(pixels);
    EXPECT_EQ(pixels.error().kind, ErrorKind::kLimitExceeded);
    EXPECT_EQ(pixels.error().limit->name, "pixels");
    const auto frames = AnimationReader::open(source, Limits{.frames = 2});
    ASSERT_FALSE(frames);
    EXPECT_EQ(frames.error().limit->name, "frames");
}

}  // namespace
}  // namespace ittybit::image
