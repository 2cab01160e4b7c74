#include "api/range.h"

#include <string>

#include <gtest/gtest.h>

namespace ittybit::api {
namespace {

/// "from-to" (behind the last), or "ignored".
std::string range(std::string_view header, std::int64_t size = 100) {
    const auto wanted = read_range(header, size);
    return wanted ? std::to_string(wanted->from) + "-" + std::to_string(wanted->to) : "ignored";
}

TEST(Range, IsReadAsRfc9110Says) {
    EXPECT_EQ(range("bytes=0-9"), "0-10");
    EXPECT_EQ(range("bytes=90-"), "90-100");
    EXPECT_EQ(range("bytes=-10"), "90-100");
    EXPECT_EQ(range("bytes=-1000"), "0-100");
    EXPECT_EQ(range("bytes=90-1000"), "90-100");
    EXPECT_EQ(range("bytes=100-"), "100-100");
    EXPECT_EQ(range("bytes=-0"), "100-100");
    for (const char* header :
         {"", "bytes", "bytes=", "bytes=-", "bytes=9-0", "bytes=0-9,20-29", "bytes=a-b",
          "bytes=1-b", "bytes=-0x1", "bytes=--0", "bytes=+1-2", "pages=0-9", "bytes=--9",
          "bytes= 0-9"}) {
        EXPECT_EQ(range(header), "ignored") << header;
    }
}

TEST(Range, MayNameTheLargestNumber) {
    EXPECT_EQ(range("bytes=0-9223372036854775807"), "0-100");
    EXPECT_EQ(range("bytes=0-9223372036854775808"), "0-100");
    EXPECT_EQ(range("bytes=5-99999999999999999999999999"), "5-100");
    EXPECT_EQ(range("bytes=-99999999999999999999999999"), "0-100");
    const auto beyond = read_range("bytes=99999999999999999999999999-", 100);
    ASSERT_TRUE(beyond);
    EXPECT_GE(beyond->from, beyond->to);
}

TEST(Range, UnitsAreTheSameInAnyCase) {
    EXPECT_EQ(range("Bytes=0-9"), "0-10");
    EXPECT_EQ(range("BYTES=-10"), "90-100");
}

}  // namespace
}  // namespace ittybit::api
