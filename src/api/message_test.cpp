#include "api/message.h"

#include <string>

#include <gtest/gtest.h>

namespace ittybit::api {
namespace {

TEST(Traceparent, HasATraceIdWhereItIsOne) {
    const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const std::string rest = "-00f067aa0ba902b7-01";
    EXPECT_EQ(trace_of("00-" + trace + rest), trace);
    EXPECT_EQ(trace_of("cc-" + trace + rest + "-more"), trace);
    for (const auto& wrong :
         {std::string(), "00-" + trace, "00-" + trace + rest + "-more", "ff-" + trace + rest,
          "00-" + std::string(32, '0') + rest, "00-" + trace + "-0000000000000000-01",
          "00-4BF92F3577B34DA6A3CE929D0E0E4736" + rest, "00_" + trace + rest}) {
        EXPECT_EQ(trace_of(wrong), "") << wrong;
    }
}

}  // namespace
}  // namespace ittybit::api
