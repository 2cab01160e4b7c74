#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "cli/completion.h"
#include "cli/display.h"
#include "cli/help.h"
#include "cli/jobs_command.h"
#include "cli/many.h"
#include "cli/option_flags.h"
#include "cli/remote_commands.h"

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

TEST(TypedTime, IsSecondsOrATimeOfDay) {
    EXPECT_EQ(typed_time("5"), json::value(5));
    EXPECT_EQ(typed_time("5.25"), json::value(5.25));
    EXPECT_EQ(typed_time("0:05"), json::value(5.0));
    EXPECT_EQ(typed_time("1:02:03.5"), json::value(3723.5));
    EXPECT_EQ(typed_time("90:00"), json::value(5400.0));
    for (const auto* word : {"1:60", "1:2:3:4", ":05", "1:", "-1:05", "1:0x5", "1.5:00", "auto"}) {
        EXPECT_EQ(typed_time(word), json::value(word));  // for the reader to complain about
    }
}

TEST(OptionFlags, TurnOffWhatIsOnByDefault) {
    for (const std::string word : {"--no-dash", "--dash=false", "--dash"}) {
        CLI::App app;
        json::object options;
        add_option_flags(app, "adaptive_video", options);
        app.parse(word);
        EXPECT_EQ(options, (json::object{{"dash", word == "--dash"}})) << word;
    }
}

TEST(Wrapped, KeepsToTheColumnsAndTheIndent) {
    EXPECT_EQ(wrapped("one two three", 80, 4), "one two three");
    EXPECT_EQ(
        wrapped("aaaaaaaaaa bbbbbbbbbb cccccccccc", 25, 2), "aaaaaaaaaa bbbbbbbbbb\n  cccccccccc"
    );
    const std::string whole(100, 'x');
    EXPECT_EQ(wrapped(whole + " y", 40, 0), whole + "\ny");
}

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    for (std::size_t from = 0; from < text.size();) {
        const auto end = std::min(text.find('\n', from), text.size());
        longest = std::max(longest, end - from);
        from = end + 1;
    }
    return longest;
}

TEST(Overview, FitsTheTerminalAndNamesEveryCommand) {
    const auto narrow = overview(local_commands(), 80);
    EXPECT_LE(longest_line(narrow), 80U);
    EXPECT_GT(longest_line(overview(local_commands(), 200)), 80U);
    for (const auto& command : local_commands()) {
        EXPECT_THAT(narrow, HasSubstr("  " + std::string(command.name) + " "));
    }
}

json::array jobs_of(const std::string& input) {
    return {json::object{
        {"id", "job_01h455vb4pex5vsknk084sn02q"},
        {"status", "processing"},
        {"kind", "adaptive_video"},
        {"created_at", 1'700'000'000'000},
        {"input", input},
    }};
}

TEST(JobTable, FitsTheTerminalAndShowsTheEndOfALongInput) {
    const auto jobs = jobs_of("https://example.com/a/very/long/path/that/nobody/reads/holiday.mov");
    const auto narrow = job_table(jobs, 80, 1'700'000'100);
    EXPECT_LE(longest_line(narrow), 82U);  // one letter of three bytes
    EXPECT_THAT(narrow, HasSubstr("holiday.mov\n"));
    EXPECT_THAT(narrow, HasSubstr("…"));
    EXPECT_THAT(job_table(jobs, 200, 1'700'000'100), HasSubstr("https://example.com"));
}

TEST(JobTable, TellsTodayFromOtherDays) {
    EXPECT_THAT(job_table(jobs_of("a"), 80, 1'700'000'000), HasSubstr(":"));
    EXPECT_THAT(job_table(jobs_of("a"), 80, 1'705'000'000), HasSubstr("Nov"));
}

class Many : public testing::Test {
protected:
    Many() {
        std::filesystem::create_directories(folder_ + "/other");
        for (const auto* name : {"/a.jpg", "/b b.jpg", "/c.png", "/other/a.jpg", "/[x].jpg"}) {
            std::ofstream(folder_ + name) << "x";
        }
    }
    ~Many() override { std::filesystem::remove_all(folder_); }

    std::string error_of(const std::vector<std::string>& inputs, const std::string& output) {
        const auto checked = check_many(inputs, output);
        return checked ? "" : checked.error().message;
    }
    const std::string folder_ = testing::TempDir() + "many-" + random_hex(64);
};

TEST_F(Many, QuotedGlobsAreExpandedAndNamesThatExistAreNot) {
    EXPECT_THAT(
        expanded({folder_ + "/?.jpg", folder_ + "/[x].jpg"}),
        testing::ElementsAre(folder_ + "/a.jpg", folder_ + "/[x].jpg")
    );
    EXPECT_THAT(
        expanded({"https://x/a?b=[c]", folder_ + "/*.gif"}),
        testing::ElementsAre("https://x/a?b=[c]", folder_ + "/*.gif")
    );
}

TEST_F(Many, SeveralInputsNeedSeveralOutputs) {
    const std::vector<std::string> two = {folder_ + "/a.jpg", folder_ + "/b b.jpg"};
    EXPECT_EQ(error_of(two, ""), "");
    EXPECT_EQ(error_of(two, "out/"), "");
    EXPECT_EQ(error_of(two, "out/{filename}.webp"), "");
    EXPECT_THAT(error_of(two, "out.webp"), HasSubstr("FOLDER/"));
    EXPECT_THAT(error_of(two, "-"), HasSubstr("FOLDER/"));
    EXPECT_THAT(error_of({folder_ + "/a.jpg", "absent.jpg"}, "out/"), HasSubstr("does not exist"));
}

TEST_F(Many, NoTwoShareAName) {
    const std::vector<std::string> same = {folder_ + "/a.jpg", folder_ + "/other/a.jpg"};
    EXPECT_THAT(error_of(same, "{filename}.webp"), HasSubstr("the same output"));
    EXPECT_EQ(error_of(same, "out/"), "");  // numbered
}

TEST_F(Many, NoTwoShareAKey) {
    std::ofstream(folder_ + "/b_b.jpg") << "x";
    const std::vector<std::string> alike = {folder_ + "/b b.jpg", folder_ + "/b_b.jpg"};
    EXPECT_THAT(error_of(alike, "s3://bkt/{filename}.png"), HasSubstr("the same output"));
    EXPECT_EQ(error_of(alike, "out/{filename}.png"), "") << "a file is called by both";
    EXPECT_EQ(error_of(alike, "s3://bkt/{filename}-{id}.png"), "");
    const std::vector<std::string> urls = {"https://h/%5Fa.mov?x=1", "https://h/a.mov"};
    EXPECT_THAT(error_of(urls, "s3://bkt/{filename}.mp4"), HasSubstr("the same output"));
    const std::vector<std::string> two = {folder_ + "/a.jpg", folder_ + "/c.png"};
    EXPECT_EQ(error_of(two, "s3://bkt/{filename}/"), "");
    for (const auto* shared : {"s3://bkt/thumbs/", "https://h/put/", "https://h/{filename}{id}"})
        EXPECT_THAT(error_of(two, shared), HasSubstr("several outputs")) << shared;
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

TEST(Completion, OffersValuesAndTheWordsBehindACommand) {
    auto commands = local_commands();
    for (auto& command : remote_commands()) commands.push_back(std::move(command));
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const auto script = completion_script(shell, commands);
        EXPECT_THAT(script, HasSubstr("mp4 webm mov")) << shell;
        EXPECT_THAT(script, HasSubstr("top_left")) << shell;
        EXPECT_THAT(script, HasSubstr("retry")) << shell;
        EXPECT_THAT(script, HasSubstr("probe")) << shell;
    }
}

}  // namespace
}  // namespace ittybit::cli
