#include "model/protocol.h"

#include <gtest/gtest.h>

namespace ittybit {
namespace {

TEST(Protocol, WhatIsNotUtf8InAFileStillMakesAMessage) {
    Finished finished;
    finished.file.streams.resize(1);
    finished.file.streams.front().language =
        "u\xDE"
        "d";
    const auto event = decode_event(encode_event(finished));
    ASSERT_TRUE(event);
    const auto& file = std::get<Finished>(*event).file;
    EXPECT_EQ(
        file.streams.front().language,
        "u\uFFFD"
        "d"
    );
}

TEST(Protocol, TheLastInputOfALargeAssignmentCanBeAskedFor) {
    const Need need{kMostSubtitles + 1, 0, 1};  // the pieces of a split stream with all its files
    const auto event = decode_event(encode_event(need));
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(std::get<Need>(*event).input, need.input);
    EXPECT_FALSE(decode_event(encode_event(Need{kMostInputs, 0, 1})));
}

TEST(Protocol, AKindOfErrorThatIsNoneIsABrokenMessage) {
    const auto event = decode_event(R"({"event":"error","kind":"pwned","message":"x"})");
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().kind, ErrorKind::kTaskCrashed);
}

}  // namespace
}  // namespace ittybit
