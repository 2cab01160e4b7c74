#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/fields_json.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/presentable.h"
#include "base/text.h"
#include "base/trouble.h"

namespace ittybit {
namespace {

TEST(Ids, SortInTheOrderTheyWereMade) {
    std::string last = make_id("job", 1'700'000'000'000);
    for (int i = 0; i < 1000; ++i) {
        const std::string next = make_id("job", 1'700'000'000'000 + i / 100);
        EXPECT_LT(last, next);
        last = next;
    }
}

TEST(Ids, LeaveRoomForThoseThatFollowFromThem) {
    for (int i = 0; i < 300; ++i) {
        const auto id = make_id("job", 1'700'000'000'000);
        const auto next = make_id("job", 1'700'000'000'000);
        for (const unsigned place : {1U, 15U, 16U, 31U, 32U, 255U}) {
            const auto task = following_id(id, "task", place);
            EXPECT_TRUE(is_id(task, "task"));
            EXPECT_EQ(leading_id(task, "job"), id) << place;
            EXPECT_LT("job" + task.substr(4), next);
        }
    }
    EXPECT_EQ(leading_id("nonsense", "job"), "job_nonsense");
}

TEST(Ids, AreBoundedByMoments) {
    constexpr UnixMillis kMoment = 1'900'000'000'000;
    const auto id = make_id("job", kMoment);
    EXPECT_LT(id_before("job", kMoment), id);
    EXPECT_GT(id_before("job", kMoment + 1), id);
    EXPECT_LT(id_before("job", -5), id);
    EXPECT_GT(id_before("job", std::numeric_limits<UnixMillis>::max()), id);
}

TEST(Ids, AreRecognisedByPrefixLengthAndAlphabet) {
    EXPECT_TRUE(is_id(make_id("task", 1), "task"));
    EXPECT_TRUE(is_id("job_01h455vb4pex5vsknk084sn02q", "job"));
    EXPECT_FALSE(is_id("job_01h455vb4pex5vsknk084sn02q", "task"));
    EXPECT_FALSE(is_id("job_81h455vb4pex5vsknk084sn02q", "job"));  // over 128 bits
    EXPECT_FALSE(is_id("job_01h455vb4pex5vsknk084sn02l", "job"));
    EXPECT_FALSE(is_id("job_01h455vb4pex5vsknk084sn02", "job"));
}

TEST(Json, SaysWhereItIsBroken) {
    const auto result = parse_json("{\n  \"a\": 1,\n  \"b\": oops\n}");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kInvalidJson);
    EXPECT_THAT(result.error().message, testing::HasSubstr("line 3, column 8"));
}

TEST(Json, RefusesTextBehindTheEndAndDeepNesting) {
    EXPECT_FALSE(parse_json("{} {}"));
    EXPECT_TRUE(parse_json("{} \n"));
    EXPECT_FALSE(parse_json(std::string(100'000, '[')));
    EXPECT_FALSE(parse_json(""));
}

TEST(Json, RefusesNumbersThatADoubleCannotHoldAndSaysWhere) {
    for (const auto* number : {"1e400", "-1e400", "1.5E+999", "12345678901234567890123"}) {
        const auto result =
            parse_json(fmt::format("{{\"s\": \"-1e400\\\"9e999\",\n \"x\": {}}}", number));
        ASSERT_FALSE(result) << number;
        EXPECT_EQ(result.error().kind, ErrorKind::kInvalidJson);
        EXPECT_THAT(result.error().message, testing::HasSubstr("line 2, column 7")) << number;
    }
    EXPECT_FALSE(parse_json("[" + std::string(400, '9') + "e-90]"));
    for (const auto* number :
         {"1e308", "18446744073709551615", "-9223372036854775808", "1e20", "100000000000000000000",
          "0.1234567890123456789012345"}) {
        const auto result = parse_json(number);
        ASSERT_TRUE(result) << number;
        EXPECT_EQ(*parse_json(compact_json(*result)), *result) << number;
    }
    for (const auto& near :
         {std::string("1e-400"), std::string("123456789012345680000"),
          std::string(400, '9') + "e-399"}) {
        EXPECT_TRUE(parse_json(near)) << near;
    }
}

TEST(Json, NeverWritesWhatIsNoJson) {
    constexpr auto kInfinite = std::numeric_limits<double>::infinity();
    const json::value value = {kInfinite, -kInfinite, std::nan(""), 1.5};
    EXPECT_EQ(compact_json(value), "[null,null,null,1.5]");
    EXPECT_TRUE(parse_json(pretty_json(value)));
}

TEST(Json, WritesPlainNumbersAndEscapedStringsOnOneLineOrIndented) {
    const json::value value = {
        {"seconds", 5.003},
        {"tiny", 1e-9},
        {"list", {1, -0.5, nullptr}},
        {"text\n", "\"ü\\"},
        {"none", json::array()}
    };
    EXPECT_EQ(
        compact_json(value),
        R"({"seconds":5.003,"tiny":1e-09,"list":[1,-0.5,null],"text\n":"\"ü\\","none":[]})"
    );
    EXPECT_EQ(pretty_json({{"a", {1.5}}}), "{\n  \"a\": [\n    1.5\n  ]\n}\n");
    EXPECT_EQ(*parse_json(compact_json(value)), value);
}

TEST(Text, FindsTheNearestWord) {
    const std::vector<std::string_view> known = {"width", "height", "quality"};
    EXPECT_EQ(nearest("qualty", known), "quality");
    EXPECT_EQ(nearest("widht", known), "width");
    EXPECT_EQ(suggestion("heigth", known), "; the nearest is height");
    EXPECT_EQ(nearest("width", {}), "");
}

TEST(Text, NamesNoWordThatIsNotNear) {
    const std::vector<std::string_view> known = {"format", "input", "jobs", "fps"};
    for (const auto* word : {"interval", "priority", "foo", "x", "", "frames"}) {
        EXPECT_EQ(suggestion(word, known), "") << word;
    }
    EXPECT_EQ(nearest(std::string(1'000'000, 'f'), known), "");
}

TEST(Text, IsPercentEncodedByRfc3986) {
    EXPECT_EQ(percent_encode("a b/ü~-_.:"), "a%20b%2F%C3%BC~-_.%3A");
    EXPECT_EQ(percent_encode("a/b", true), "a/b");
    EXPECT_EQ(percent_decode("a%20b%2f%zz%4"), "a b/%zz%4");
}

TEST(Text, WhatIsNotUtf8IsReplaced) {
    const std::string replacement = "\xEF\xBF\xBD";
    EXPECT_EQ(valid_utf8("plain ä € 😀"), "plain ä € 😀");
    EXPECT_EQ(valid_utf8("a\xFFz"), "a" + replacement + "z");
    EXPECT_EQ(valid_utf8("\xC3"), replacement);
    EXPECT_EQ(valid_utf8("\xC0\xAF"), replacement + replacement);  // an overlong slash
    EXPECT_EQ(valid_utf8("\xED\xA0\x80").size(), 9U);              // a surrogate
    EXPECT_EQ(valid_utf8("\xE2\x82x"), replacement + replacement + "x");
}

TEST(Text, LosesItsBlanksAtBothEnds) {
    EXPECT_EQ(trimmed(" \ta b\t "), "a b");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
    EXPECT_EQ(trimmed("-- a-", "-"), " a");
}

TEST(Text, IsAWholeNumberOnlyAsAWholeAndWhereItFits) {
    EXPECT_EQ(whole_number<int>("-12"), -12);
    EXPECT_EQ(whole_number<std::int64_t>("9223372036854775807"), INT64_MAX);
    for (const auto* text : {"", " 1", "1 ", "+1", "1.0", "0x1", "2147483648"})
        EXPECT_FALSE(whole_number<int>(text)) << text;
    EXPECT_FALSE(whole_number<unsigned>("-1"));
}

/// Gives a byte at a time.
class Drops : public ByteSource {
public:
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        return all_.read_at(offset, out.first(std::min<std::size_t>(out.size(), 1)));
    }
    std::optional<std::uint64_t> size() override { return std::nullopt; }

private:
    const std::string text_ = "drop by drop";
    MemorySource all_{std::as_bytes(std::span(text_))};
};

TEST(Bytes, OfASourceThatGivesFewAtOnceAreReadToTheLast) {
    Drops drops;
    EXPECT_EQ(*read_text(drops, 5, 4), "by d");
    EXPECT_EQ(*read_text(drops, 5, 100), "by drop") << "where it ends before";
    EXPECT_EQ(*read_text(drops, 100, 4), "");
}

struct Point {
    int x = 0;
    static constexpr auto kFields = Fields{Field{&Point::x, "x", ""}};
};

TEST(Json, IsReadAsAValueOrTellsTheFirstThingThatIsWrongWithIt) {
    EXPECT_EQ(read_as<Point>(*parse_json(R"({"x": 3})"), ErrorKind::kInternalError)->x, 3);
    const auto bad = read_as<Point>(
        *parse_json(R"({"x": "a", "y": 1})"), ErrorKind::kUnavailable, "bad point: "
    );
    EXPECT_EQ(bad.error().kind, ErrorKind::kUnavailable);
    EXPECT_EQ(bad.error().message, "bad point: x must be a whole number, not \"a\"");
}

TEST(Presentable, HasNothingThatSteersATerminal) {
    EXPECT_EQ(presentable("\033[31mred\r\n\x7F\u009B\u2028x"), " [31mred     x");
    EXPECT_EQ(presentable("a\u202Eb\u2066c\u200Fd"), "abcd");
    EXPECT_EQ(presentable("日本 🎬 é"), "日本 🎬 é");
    EXPECT_EQ(presentable("\xC3"), "\xEF\xBF\xBD");
    EXPECT_EQ(presentable("ééé", 5), "éé");
    EXPECT_EQ(presentable(std::string(5000, 'x')).size(), 1000U);
}

TEST(Trouble, IsWaitedForLongerEachTimeAndForgottenWhenItIsOver) {
    using std::chrono::milliseconds;
    const Error error{ErrorKind::kDiskFull, "the disk is full", ""};
    Trouble trouble("a test is kept from its work");
    Trouble::Steady::time_point now{std::chrono::hours(1)};
    std::vector<milliseconds> waits;
    for (int i = 0; i < 7; ++i) {
        const auto wait = trouble.note(error, now);
        EXPECT_EQ(trouble.note(error, now), wait) << "who fails at the same moment waits alike";
        waits.push_back(wait);
        now += wait;
    }
    EXPECT_THAT(
        waits, testing::ElementsAre(
                   milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(4000),
                   milliseconds(8000), milliseconds(15'000), milliseconds(15'000)
               )
    );
    EXPECT_EQ(trouble.standing(), "the disk is full");
    trouble.end();
    EXPECT_EQ(trouble.standing(), "");
    EXPECT_EQ(trouble.note(error, now), milliseconds(500));
}

}  // namespace
}  // namespace ittybit
