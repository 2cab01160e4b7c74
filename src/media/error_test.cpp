#include "media/error.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "media/handles.h"

namespace ittybit::media {
namespace {

std::string kind_and_limit(const Error& error) {
    return fmt::format("{} {}", name_of(error.kind), error.limit ? error.limit->name : "none");
}

TEST(Error, EveryLimitIsNamed) {
    EXPECT_EQ(
        kind_and_limit(input_error(AVERROR(ENOMEM), "decode")), "limit_exceeded memory_bytes"
    );
    EXPECT_EQ(
        kind_and_limit(output_error(AVERROR(ENOMEM), "encode")), "limit_exceeded memory_bytes"
    );
    EXPECT_EQ(kind_and_limit(output_error(AVERROR(EFBIG), "write")), "limit_exceeded output_bytes");
}

TEST(Error, AFullDiskAndAStopAreNoFaultOfTheEncoders) {
    EXPECT_EQ(output_error(AVERROR(ENOSPC), "write").kind, ErrorKind::kDiskFull);
    EXPECT_EQ(output_error(AVERROR(EDQUOT), "write").kind, ErrorKind::kDiskFull);
    EXPECT_EQ(output_error(AVERROR_EXIT, "write").kind, ErrorKind::kCancelled);
    EXPECT_EQ(output_error(AVERROR(EINVAL), "write").kind, ErrorKind::kEncodeFailed);
}

}  // namespace
}  // namespace ittybit::media
