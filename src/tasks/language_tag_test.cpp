#include "tasks/language_tag.h"

#include <gtest/gtest.h>

namespace ittybit::tasks {
namespace {

TEST(LanguageTag, PrefersTwoLetters) {
    EXPECT_EQ(language_tag("eng"), "en");
    EXPECT_EQ(language_tag("ger"), "de");
    EXPECT_EQ(language_tag("deu"), "de");
    EXPECT_EQ(language_tag("ZUL"), "zu");
    EXPECT_EQ(language_tag("aar"), "aa");
    EXPECT_EQ(language_tag("zha"), "za");
    EXPECT_EQ(language_tag("fil"), "fil");
}

TEST(LanguageTag, KeepsTagsAndRefusesTheRest) {
    EXPECT_EQ(language_tag("en"), "en");
    EXPECT_EQ(language_tag("pt-BR"), "pt-BR");
    EXPECT_EQ(language_tag("eng-US"), "en-US");
    EXPECT_EQ(language_tag("de-"), "de");
    EXPECT_EQ(language_tag("xx"), "und");
    EXPECT_EQ(language_tag(""), "und");
    EXPECT_EQ(language_tag("und"), "und");
    EXPECT_EQ(language_tag("English"), "und");
    EXPECT_EQ(language_tag("e\",X=\""), "und");
}

TEST(LanguageTag, HasThreeLettersForMp4) {
    EXPECT_EQ(language_letters("fra"), "fra");
    EXPECT_EQ(language_letters("en"), "und");
    EXPECT_EQ(language_letters("a b"), "und");
}

}  // namespace
}  // namespace ittybit::tasks
