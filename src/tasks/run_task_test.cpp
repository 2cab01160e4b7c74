#include "tasks/run_task.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "image/testing.h"
#include "media/testing.h"

namespace ittybit::tasks {
namespace {

namespace fs = std::filesystem;

struct Asked {
    const char* kind;
    const char* options;
    const char* input;
};

/// What a kind makes of a clip, each in a folder of its own.
class EveryKind : public testing::TestWithParam<Asked> {
protected:
    struct Made {
        Result<Finished> result;
        std::vector<std::byte> bytes;
    };

    static Assignment assignment() {
        Assignment assignment;
        assignment.kind = GetParam().kind;
        assignment.options = *parse_json(GetParam().options);
        return assignment;
    }

    static Made done(const Assignment& assignment) {
        const media::OpenFile file(fs::absolute(media::clip(GetParam().input)));
        const image::TemporaryFolder folder;
        SilentEvents events;
        FileSource source(file.descriptor.get());
        Made made{run_task(assignment, source, events), {}};
        if (made.result && !assignment.explain)
            made.bytes = image::file_bytes("output." + extension(*made.result));
        made_files_ = !fs::is_empty(fs::current_path());
        return made;
    }

    static inline bool made_files_ = false;

private:
    static std::string extension(const Finished& finished) {
        return finished.file.format == "hls" ? "m3u8" : finished.file.format;
    }
};

TEST_P(EveryKind, IsPlannedFirstAndThenMadeByThatPlan) {
    Assignment asked = assignment();
    asked.explain = true;
    const auto planned = done(asked).result;
    ASSERT_TRUE(planned) << planned.error().message;
    EXPECT_FALSE(made_files_);
    EXPECT_FALSE(planned->file.format.empty());

    Assignment by_plan = assignment();
    by_plan.plan = *parse_json(compact_json(planned->plan));
    const Made made = done(by_plan);
    ASSERT_TRUE(made.result) << made.result.error().message;
    const Made at_once = done(assignment());
    ASSERT_TRUE(at_once.result) << at_once.result.error().message;
    EXPECT_FALSE(made.bytes.empty());
    // With a bound on the rate x264 is not the same twice.
    if (asked.kind != "adaptive_video") {
        EXPECT_TRUE(made.bytes == at_once.bytes);
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    EveryKind,
    testing::Values(
        Asked{"video", R"({"width": 160, "end": 1})", "flash-small.mp4"},
        Asked{"video", R"({"fps": 10, "format": "webm"})", "animated.webp"},
        Asked{"audio", R"({"format": "flac"})", "flash-small.webm"},
        Asked{"audio", R"({"waveform": "json", "start": 1})", "flash-small.mp4"},
        Asked{"audio", R"({"waveform": "png", "width": 100})", "tone.mp3"},
        Asked{"image", R"({"start": 1, "format": "png"})", "flash-small.mp4"},
        Asked{"image", R"({"width": 50, "height": 90, "format": "webp"})", "photo.jpg"},
        Asked{"image", R"({"format": "png"})", "cover.mp3"},
        Asked{"animation", R"({"end": 1, "width": 80})", "flash-small.mp4"},
        Asked{"animation", R"({"end": 9, "format": "webp"})", "animated.webp"},
        Asked{"animation", R"({"end": 1})", "alpha.png"},
        Asked{"adaptive_video", R"({"no_audio": true, "end": 1})", "flash-small.mp4"},
        Asked{"adaptive_video", R"({"mute_video": true, "end": 1})", "flash-small.mp4"}
    )
);

TEST(RunTask, TakesNoPlanThatDoesNotRead) {
    const media::OpenFile file(media::clip("flash-small.mp4"));
    FileSource source(file.descriptor.get());
    SilentEvents events;
    Assignment assignment;
    assignment.kind = "audio";
    assignment.options = json::object();
    assignment.plan = *parse_json(R"({"reads": [], "sounds": [{"read": 3}]})");
    const auto result = run_task(assignment, source, events);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kInternalError);
}

TEST(RunTask, TakesNoPlanOfStreamsThatAreNotThere) {
    const media::OpenFile file(fs::absolute(media::clip("flash-small.mp4")));
    const image::TemporaryFolder folder;
    FileSource source(file.descriptor.get());
    SilentEvents events;
    for (const char* kind : {"audio", "image"}) {
        Assignment assignment;
        assignment.kind = kind;
        assignment.options = json::object();
        assignment.explain = true;
        const auto planned = run_task(assignment, source, events);
        ASSERT_TRUE(planned) << planned.error().message;
        assignment.explain = false;
        assignment.plan = planned->plan;
        auto& read = assignment.plan.as_object()["reads"].as_array()[0].as_object();
        read["stream"] = 9;
        const auto result = run_task(assignment, source, events);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::kInternalError);
    }
}

}  // namespace
}  // namespace ittybit::tasks
