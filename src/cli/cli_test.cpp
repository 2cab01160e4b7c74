#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/completion.h"
#include "cli/display.h"
#include "cli/option_flags.h"

namespace ittybit::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TypedWord, IsANumberWhereItReadsAsOne) {
    EXPECT_EQ(typed_word("640"), json::value(640));
    EXPECT_EQ(typed_word("2.5"), json::value(2.5));
    EXPECT_EQ(typed_word("50%"), json::value("50%"));
    EXPECT_EQ(typed_word("#fff"), json::value("#fff"));
    EXPECT_EQ(typed_word("true"), json::value("true"));
    EXPECT_EQ(typed_word("{}"), json::value("{}"));
}

TEST(Bar, ShowsPercentSpeedAndTimeLeft) {
    const auto text = bar("video", Progress{42.9, 1.84, 72.0}, 80);
    EXPECT_THAT(text, HasSubstr("video  42%"));
    EXPECT_THAT(text, HasSubstr("1.8×"));
    EXPECT_THAT(text, HasSubstr("1:12 left"));
    EXPECT_THAT(bar("audio", Progress{}, 20), HasSubstr("audio   0%"));
}

TEST(ClockText, CountsHoursOnlyWhenThereAreSome) {
    EXPECT_EQ(clock_text(9.9), "0:09");
    EXPECT_EQ(clock_text(3723), "1:02:03");
    EXPECT_EQ(clock_text(-5), "0:00");
}

TEST(Completion, OffersTheFlagsOfEachCommand) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const auto script = completion_script(shell, local_commands());
        EXPECT_THAT(script, HasSubstr("no-audio")) << shell;
        EXPECT_THAT(script, HasSubstr("adaptive")) << shell;
        EXPECT_THAT(script, Not(HasSubstr("no_audio"))) << shell;
    }
}

}  // namespace
}  // namespace ittybit::cli
