#include "model/output_name.h"

#include <gtest/gtest.h>

namespace ittybit {
namespace {

std::string_view kind_of_error(
    std::string_view kind, std::string_view output, json::object options
) {
    const auto settled = settle_format(kind, output, options);
    return settled ? "" : name_of(settled.error().kind);
}

TEST(OutputName, TheExtensionDecidesTheFormat) {
    json::object options;
    ASSERT_TRUE(settle_format("video", "s3://bucket/a.b/clip.WEBM", options));
    EXPECT_EQ(options.at("format"), json::value("webm"));
    json::object none;
    ASSERT_TRUE(settle_format("video", "folder.d/clip", none));
    EXPECT_TRUE(none.empty());
}

TEST(OutputName, AContradictionIsAnError) {
    EXPECT_EQ(kind_of_error("video", "o.webm", {{"format", "mp4"}}), "invalid_output");
    EXPECT_EQ(kind_of_error("video", "o.avi", {}), "invalid_output");
    EXPECT_EQ(kind_of_error("image", "o.jpg", {{"format", "jpeg"}}), "");
    EXPECT_EQ(kind_of_error("image", "o.jpeg", {{"format", "jpg"}}), "");
    EXPECT_EQ(kind_of_error("adaptive_video", "o.m3u8", {{"format", "hls"}}), "");
    EXPECT_EQ(kind_of_error("video", "o.mp4", {{"format", "divx"}}), "");  // its own error later
}

TEST(Output, ABucketIsWhatItIsForInputs) {
    for (const auto* output :
         {"s3://../x.jpg", "s3://a..b/x.jpg", "s3://-/x.jpg", "s3://./x", "s3://ab/x",
          "s3://.abc/x", "s3://abc./x", "s3://a b/x"}) {
        EXPECT_FALSE(check_s3_output(output)) << output;
    }
    for (const auto* output : {"s3://bucket/x.jpg", "S3://my.bucket-1/{date}/x", "s3://a_b/x"}) {
        EXPECT_TRUE(check_s3_output(output)) << output;
    }
}

}  // namespace
}  // namespace ittybit
