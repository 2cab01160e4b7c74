#include "media/cue_text.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/ass_script.h"
#include "media/charset.h"
#include "media/fonts.h"
#include "media/stand_ins.h"

namespace ittybit::media {
namespace {

Cue cue(std::int64_t start, std::int64_t end, const std::string& text) {
    return {start, end, "0,0,Default,,0,0,0,," + text};
}

std::string as_webvtt(const std::string& ass) {
    const auto all = captions({cue(0, 1, ass)});
    return all.empty() ? "" : webvtt_text(all.front());
}

TEST(CueText, WebvttKeepsWeightAndSlantAndEscapesTheRest) {
    EXPECT_EQ(as_webvtt("{\\i1}a{\\i0} < b & c"), "<i>a</i> &lt; b &amp; c");
    EXPECT_EQ(as_webvtt("one\\N\\Ntwo\\N"), "one\ntwo");
    EXPECT_EQ(as_webvtt("\\{no tag\\}"), "{no tag}");
    EXPECT_EQ(as_webvtt("C:\\\u2060new"), "C:\\new");
    EXPECT_EQ(as_webvtt("{\\p1}m 0 0 l 9 9{\\p0}"), "");
    EXPECT_EQ(as_webvtt("{\\fs90\\c&HFF&}a {not closed"), "a {not closed");
}

TEST(CueText, WhatIsNoMarkupIsNotEscaped) {
    EXPECT_EQ(captions({cue(0, 1, "a < b & c")}).front().spans.front().text, "a < b & c");
}

TEST(CueText, BracesAndBackslashesOfPlainTextStayLetters) {
    const auto read = [](const std::string& text, bool is_srt) {
        return as_webvtt(without_stand_ins(with_stand_ins(text, is_srt)));
    };
    for (const bool is_srt : {false, true}) {
        EXPECT_EQ(read("a {b} C:\\new\\{x} } {", is_srt), "a {b} C:\\new\\{x} } {");
        EXPECT_EQ(read("{C:\\Users}", is_srt), "{C:\\Users}");
        EXPECT_EQ(read("a\\Nb\\hc", is_srt), "a\nb\u00A0c");
    }
    EXPECT_EQ(with_stand_ins("{\\an8}{Y:i}a", true), "{\\an8}{Y:i}a") << "libav's to obey";
    EXPECT_EQ(read("{\\an8}a", false), "{\\an8}a") << "of WebVTT a text";
}

TEST(CueText, WhatIsShownTogetherBecomesOneCaption) {
    const auto all = in_sequence(captions({cue(0, 20, "a"), cue(10, 30, "b"), cue(40, 50, "c")}));
    std::vector<std::string> told;
    for (const auto& it : all)
        told.push_back(
            std::to_string(it.start) + "-" + std::to_string(it.end) + " " + webvtt_text(it)
        );
    EXPECT_THAT(told, testing::ElementsAre("0-10 a", "10-20 a\nb", "20-30 b", "40-50 c"));
}

TEST(CueText, LargeCaptionsAreNotWrittenAnewForEachSmallOne) {
    std::vector<Cue> cues(7, cue(0, 1000, std::string(9000, 'x')));
    for (int i = 0; i < 500; ++i) cues.push_back(cue(2 * i, 2 * i + 1, "y"));
    std::ranges::stable_sort(cues, {}, &Cue::start);
    const auto all = in_sequence(captions(cues));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all.front().start, 0);
    EXPECT_EQ(all.front().end, 1000);
    EXPECT_EQ(webvtt_text(all.front()).size(), 9000U);
}

TEST(CueText, TimedTextCountsLettersNotBytes) {
    using namespace std::string_literals;
    const auto all = captions({cue(0, 1, "\u00E9{\\b1}x")});
    const auto sample = timed_text(all.front());
    EXPECT_EQ(sample.substr(0, 5), "\0\3\u00E9x"s);
    EXPECT_EQ(sample.substr(5, 10), "\0\0\0\x16styl\0\1"s);
    EXPECT_EQ(sample.substr(15, 7), "\0\1\0\2\0\1\1"s) << "the second letter, bold";
}

TEST(CueText, TextIsReadInItsCoding) {
    using namespace std::string_literals;
    EXPECT_EQ(as_utf8("\xEF\xBB\xBF\u00E9").text, "\u00E9");
    EXPECT_EQ(as_utf8("\xFF\xFE\xE9\0"s).text, "\u00E9");
    EXPECT_EQ(as_utf8("\xFE\xFF\xD8\x3D\xDE\x00"s).text, "\U0001F600");
    EXPECT_EQ(as_utf8("1\0\n\0"s).text, "1\n");
    const auto old = as_utf8("\xE9\x80");
    EXPECT_EQ(old.text, "\u00E9\u20AC");
    EXPECT_TRUE(old.is_guessed);
}

TEST(CueText, OneWrongByteLeavesTheOtherLettersAsTheyAre) {
    const auto text = as_utf8("\u0434\u0430 \xFF \u043D\u0435\u0442");
    EXPECT_EQ(text.text, "\u0434\u0430 \uFFFD \u043D\u0435\u0442");
    EXPECT_FALSE(text.is_guessed);
}

TEST(AssScript, KeepsWhatStandsStillAndGivesEachScriptItsFont) {
    const Size size{640, 360};
    const auto line = [&](const std::string& text) {
        const auto script = ass_script({"ass", "[Script Info]\n", {cue(0, 1, text)}}, size);
        return script.events.empty() ? "" : script.events.front().line;
    };
    EXPECT_EQ(line("{\\an8\\fs9000\\t(\\b1)\\b1}a"), "0,0,Default,,0,0,0,,{\\an8\\b1}a");
    EXPECT_EQ(line("{\\p1}m 0 0"), "");
    EXPECT_THAT(
        line("a \u05D0"), testing::EndsWith("a {\\fnNoto Sans Hebrew\\fscx100\\fscy100}\u05D0")
    );
}

TEST(AssScript, SignsHaveFontsThatHaveThem) {
    EXPECT_EQ(family_for(U'\u266A', HanStyle::kChinese), "Noto Sans Symbols") << "a note of music";
    EXPECT_EQ(family_for(U'\u2665', HanStyle::kChinese), "Noto Sans Symbols2") << "a heart";
    EXPECT_EQ(family_for(U'\u2192', HanStyle::kChinese), "Noto Sans Math") << "an arrow";
    EXPECT_EQ(family_for(U'\u2026', HanStyle::kChinese), "") << "an ellipsis";
    EXPECT_EQ(family_for(U'\u20AC', HanStyle::kChinese), kPlainFont);
    EXPECT_EQ(family_for(U'\u3042', HanStyle::kJapanese), "Noto Sans CJK JP");
}

TEST(AssScript, LeavesOutWhatNobodyCouldRead) {
    const Cues crowd{"subrip", "", std::vector<Cue>(100, cue(0, 1, "x"))};
    const auto script = ass_script(crowd, {640, 360});
    EXPECT_EQ(script.events.size(), 16U);
    EXPECT_EQ(script.warnings.size(), 1U);
}

}  // namespace
}  // namespace ittybit::media
