#include "cli/typed_order.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"

namespace ittybit::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TypedOrderTest : public testing::Test {
protected:
    TypedOrderTest() {
        globals.input = "a film.mov";
        globals.output = folder.string() + "/";
    }
    ~TypedOrderTest() override { std::filesystem::remove_all(folder); }

    Result<TypedOrder> read(
        const std::string& text, Done done = Done::kHere, bool is_task = false
    ) {
        return read_typed(globals, parse_json(text)->as_object(), is_task, done);
    }
    std::string error(const std::string& text, bool is_task = false) {
        const auto typed = read(text, Done::kHere, is_task);
        return typed ? "" : typed.error().message;
    }
    /// The names of what would be made, below the folder.
    std::vector<std::string> names(
        const std::string& text, Done done = Done::kHere, bool is_task = false
    ) {
        const auto typed = read(text, done, is_task);
        EXPECT_TRUE(typed) << typed.error().message;
        const auto targets = choose_targets(*typed, done);
        EXPECT_TRUE(targets) << targets.error().message;
        std::vector<std::string> found;
        for (const auto& target : *targets) {
            auto& name = found.emplace_back("-");
            if (!target) continue;
            const auto path = target->folder / (target->stem + "." + target->extension);
            name = path.lexically_relative(folder).string();
        }
        return found;
    }

    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("ittybit-" + random_hex(64));
    Globals globals;
};

TEST_F(TypedOrderTest, FlagsAndTheFlagsOfAllBecomeOneDocument) {
    globals.output = "x.webm";
    globals.connection = "mine";
    const auto here = read(R"({"kind":"video","options":{"fps":30}})");
    ASSERT_TRUE(here) << here.error().message;
    EXPECT_EQ(here->order.input.url(), work::file_url("a film.mov"));
    EXPECT_EQ(compact_json(here->document.at("options")), R"({"fps":30,"format":"webm"})")
        << "a path decides the format like a key";
    EXPECT_EQ(here->order.connection, "mine");
    const auto there = read(R"({"kind":"video"})", Done::kThere);
    EXPECT_EQ(there->order.input.url(), "a film.mov") << "it is uploaded from there";
}

TEST_F(TypedOrderTest, AFlagGoesBeforeTheBodyAndThatBeforeTheEnvironment) {
    const auto connection = [&](const std::string& text) {
        return read(text)->order.connection.value_or("");
    };
    ::setenv("ITTYBIT_CONNECTION", "preset", 1);
    EXPECT_EQ(connection(R"({"kind":"video"})"), "preset");
    const std::vector<const char*> bodies = {
        R"({"kind":"video","connection":"said"})", R"({"kind":"video","connection_id":"said"})",
        R"({"kind":"video","options":{"connection_id":"said"}})"
    };
    for (const auto* body : bodies) EXPECT_EQ(connection(body), "said") << body;
    globals.connection = "flag";
    for (const auto* body : bodies) EXPECT_EQ(connection(body), "flag") << body;
    ::unsetenv("ITTYBIT_CONNECTION");
}

TEST_F(TypedOrderTest, ABodysOutputLiesInTheFolder) {
    EXPECT_THAT(names(R"({"kind":"image","output":"x/a.png"})"), ElementsAre("x/a.png"));
    globals.output = "b.png";
    EXPECT_THAT(error(R"({"kind":"image","output":"a.png"})"), HasSubstr("given twice"));
}

TEST_F(TypedOrderTest, ProblemsAreToldInTheWordsOfTheApi) {
    EXPECT_THAT(error(R"({"kind":"video","options":{"fps":99}})"), HasSubstr("fps"));
    EXPECT_THAT(error(R"({"kind":"video","webhook_url":"https://a/b"})"), HasSubstr("--local"));
    globals.output = "x.webm";
    EXPECT_THAT(
        error(R"({"kind":"video","options":{"format":"mp4"}})"), HasSubstr("make them agree")
    );
    globals.input.clear();
    EXPECT_THAT(error(R"({"kind":"video"})"), HasSubstr("-i"));
    EXPECT_EQ(error(R"({"kind":"video","input":"a.mov"})"), "");
}

TEST_F(TypedOrderTest, ATaskTakesAFileAndACopyGoesWhereItIsTold) {
    globals.input = R"({"object":"file","kind":"video","format":"mp4","url":"https://a/b.mp4"})";
    globals.output = "copy.mp4";
    const auto copied = read(R"({"kind":"export"})", Done::kHere, true);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(copied->order.outputs.front().place.url, "copy.mp4");
    EXPECT_TRUE(std::holds_alternative<File>(copied->order.input.file));
    EXPECT_EQ(read(R"({"kind":"video"})")->order.input.url(), "https://a/b.mp4");
    globals.input = "https://a/b.mp4?signed=a/b.c";
    globals.output = folder.string() + "/";
    EXPECT_THAT(names(R"({"kind":"import"})", Done::kHere, true), ElementsAre("b.mp4"));
}

TEST_F(TypedOrderTest, SeveralOutputsLieInOneFolder) {
    const std::string body = R"({"outputs":[{"kind":"adaptive_video"},{"kind":"video"},
        {"kind":"image","name":"poster","options":{"format":"png"}},
        {"kind":"audio","output":"sound/{filename}.mp3"},
        {"kind":"image","output":"s3://bucket/a.png"}]})";
    EXPECT_THAT(
        names(body), ElementsAre("a film.m3u8", "a film.mp4", "poster.png", "sound/a film.mp3", "-")
    );
    globals.output.clear();
    EXPECT_THAT(names(R"({"outputs":[{"kind":"video"}]})", Done::kThere), ElementsAre("-"))
        << "it stays there";
    for (const auto* place : {"-", "s3://bucket/x/"}) {
        globals.output = place;
        EXPECT_THAT(error(body), HasSubstr("FOLDER/")) << place;
    }
}

TEST_F(TypedOrderTest, NoTwoOutputsHaveOneName) {
    const auto typed = read(
        R"({"outputs":[{"kind":"image","output":"a.png"},{"kind":"image","output":"x/../a.png"}]})"
    );
    ASSERT_TRUE(typed);
    EXPECT_EQ(choose_targets(*typed, Done::kHere).error().kind, ErrorKind::kInvalidOutput);
}

TEST_F(TypedOrderTest, ABodyIsAnObject) {
    EXPECT_TRUE(read_body(R"({"kind":"video"})", {}));
    for (const auto* text : {"", "[]", "{"}) EXPECT_FALSE(read_body(text, {})) << text;
}

}  // namespace
}  // namespace ittybit::cli
