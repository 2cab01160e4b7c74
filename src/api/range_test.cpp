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
          "bytes=1-b", "pages=0-9", "bytes=--9", "bytes= 0-9"}) {
        EXPECT_EQ(range(header), "ignored") << header;
    }
}

TEST(Range, MayNameTheLargestNumber) {
    EXPECT_EQ(range("bytes=0-9223372036854775807"), "0-100");
    EXPECT_EQ(range("bytes=0-9223372036854775808"), "ignored");
}

}  // namespace
}  // namespace ittybit::api
