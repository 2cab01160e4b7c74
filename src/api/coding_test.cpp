#include "api/coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace ittybit::api {
namespace {

TEST(Coding, GzipIsForThoseWhoTakeIt) {
    for (const auto* takes :
         {"gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "gzip ; q=1.0", "*", "identity, *;q=0.1",
          "x-gzip", "br, gzip;q=0.001"}) {
        EXPECT_TRUE(takes_coding(takes, "gzip")) << takes;
    }
    for (const auto* refuses :
         {"", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "agzip",
          "deflate"}) {
        EXPECT_FALSE(takes_coding(refuses, "gzip")) << refuses;
    }
}

TEST(Coding, OnlyWhatBecomesSmallerIsCompressed) {
    for (const auto* text :
         {"application/json", "application/vnd.apple.mpegurl", "text/vtt",
          "text/plain; charset=utf-8", "application/dash+xml"}) {
        EXPECT_TRUE(is_compressible(text)) << text;
    }
    for (const auto* other :
         {"video/mp4", "image/png", "application/octet-stream", "", "text/event-stream"}) {
        EXPECT_FALSE(is_compressible(other)) << other;
    }
}

TEST(Coding, ComesBackWhole) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += std::to_string(i * i);
    for (const auto& wanted : {std::string(), std::string("x"), text}) {
        const auto packed = gzipped(wanted);
        std::string back(wanted.size() + 1, '\0');
        z_stream stream{};
        ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream.avail_in = static_cast<uInt>(packed.size());
        stream.next_out = reinterpret_cast<Bytef*>(back.data());
        stream.avail_out = static_cast<uInt>(back.size());
        EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
        EXPECT_EQ(back.substr(0, stream.total_out), wanted);
        inflateEnd(&stream);
    }
    EXPECT_LT(gzipped(text).size(), text.size() / 2);
}

}  // namespace
}  // namespace ittybit::api
