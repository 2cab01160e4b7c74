#include "model/encrypted_stream.h"

#include <gtest/gtest.h>

namespace ittybit {
namespace {

TEST(EncryptedStream, OnlyPlaylistsAndWhatHoldsNoMediaStayClear) {
    for (const auto* name : {"film.m3u8", "720p.m3u8", "720p-init.mp4"})
        EXPECT_TRUE(stays_clear(name)) << name;
    for (const auto* name : {"720p-00001.m4s", "en-00001.vtt", "film.mp4", "init.mp4", "m3u8", ""})
        EXPECT_FALSE(stays_clear(name)) << name;
}

TEST(EncryptedStream, PaddingAddsUpToABlock) {
    EXPECT_EQ(encrypted_size(0), 16);
    EXPECT_EQ(encrypted_size(15), 16);
    EXPECT_EQ(encrypted_size(16), 32);
    EXPECT_EQ(encrypted_size(100'000'000'001), 100'000'000'016);
}

TEST(EncryptedStream, SegmentsAreNumberedByTheirNames) {
    EXPECT_EQ(media_sequence_of("720p-00001.m4s"), 0U);
    EXPECT_EQ(media_sequence_of("a-b-123456.vtt"), 123455U);
    for (const auto* name : {"720p-00000.m4s", "720p.m4s", "720p-.m4s", "720p-1x.m4s", "-", ""})
        EXPECT_EQ(media_sequence_of(name), std::nullopt) << name;
}

}  // namespace
}  // namespace ittybit
