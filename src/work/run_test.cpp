#include "work/run.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/faulty_storage.h"
#include "store/testing.h"
#include "work/exporter.h"
#include "work/memory_ledger.h"

namespace ittybit::work {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FixedClock final : public Clock {
public:
    UnixMillis now() const override { return 1'000; }
};

using storage::Range;
using storage::Taker;
using storage::Version;

/// Bytes that cannot be had behind the first few.
class BrokenOrigin final : public storage::Origin {
public:
    Result<> fetch(Range range, const Version&, const Taker& to, const std::stop_token&) override {
        if (range.from >= 4) return Error{ErrorKind::kDownloadFailed, "the server sent 500", ""};
        const Version version{8, "", ""};
        TRY(to.answer({.version = version, .offset = range.from, .has_ranges = true}));
        const std::array<std::byte, 4> bytes{};
        TRY(to.bytes(std::span(bytes).subspan(static_cast<std::size_t>(range.from))));
        return {};
    }
    std::string name() const override { return "broken"; }
};

/// A run in memory: a script instead of a child, and a storage in memory to publish to. `failing`
/// names what goes wrong.
class RunTest : public testing::Test {
protected:
    RunTest() {
        request.kind = "video";
        request.url = "https://host/in.mov";
        request.open_input = [this](const std::stop_token& end) { return open(end); };
        request.outputs.push_back({VideoOptions{}, [this](const std::string& extension) {
                                       return destination(extension);
                                   }});
        request.perform = [this](const auto& operation, const auto& events, const auto& end) {
            return perform(operation, events, end);
        };
    }

    Result<std::shared_ptr<storage::Source>> open(const std::stop_token& end) const {
        if (failing == "open") return Error{ErrorKind::kInputBlocked, "not there", ""};
        storage::Source::Options options;
        options.scratch_folder = testing::TempDir();
        options.first_read = 4;
        const std::vector<std::byte> bytes(8);
        std::unique_ptr<storage::Origin> origin = storage::memory_origin(bytes);
        if (failing == "import") origin = std::make_unique<BrokenOrigin>();
        return std::shared_ptr(TRY(storage::Source::open(std::move(origin), options, end)));
    }

    Result<std::unique_ptr<Destination>> destination(const std::string& extension) {
        if (failing == "place") return Error{ErrorKind::kConnectionRequired, "deleted", ""};
        Place place;
        place.storage = place_;
        place.main_key = "out." + extension;
        place.parts_prefix = "out-12345678/";
        place.url = "s3://bucket/" + place.main_key;
        return std::unique_ptr<Destination>(std::make_unique<Exporter>(place, stop.get_token()));
    }

    Result<Outcome> perform(
        const OperationRequest& operation, const OperationEvents& events, const std::stop_token& end
    ) {
        const auto kind = std::string(kind_of(operation.operation));
        done.push_back(kind);
        if (failing == "stop " + kind) stop.request_stop();
        if (end.stop_requested()) return Error{ErrorKind::kCancelled, "it was cancelled", ""};
        if (failing == kind) return Error{ErrorKind::kCorruptMedia, "it is damaged", ""};
        Outcome outcome{{}, {}, TRY(sandbox::Workspace::make(testing::TempDir()))};
        outcome.finished.file.kind = "video";
        outcome.finished.file.format = kind == "probe" ? "png" : "made";
        if (kind == "probe") return outcome;
        if (failing == "import") {  // the work goes on until it is stopped
            while (!end.stop_requested()) std::this_thread::yield();
            return Error{ErrorKind::kCancelled, "it was cancelled", ""};
        }
        outcome.finished.warnings = {"made smaller"};
        events.progress({percent, {}, {}});
        const auto write = [&](const std::string& name, bool is_main) -> Result<> {
            std::ofstream(outcome.workspace.path() / name) << "bytes";
            return events.file_ready(
                {.name = name, .size = 5, .is_main = is_main}, outcome.workspace
            );
        };
        if (kind == "adaptive_video") {
            for (const auto* part : {"0.m4s", "720p.m3u8"}) TRY(write(part, false));
        }
        if (failing == "no file") {
            TRY(events.file_ready({.name = "absent", .size = 5}, outcome.workspace));
        }
        TRY(write("output.mp4", true));
        if (shares) TRY(make_beside(operation, events, outcome));
        if (failing == "publish") stop.request_stop();
        return outcome;
    }

    /// Each in a folder of its own, as run_operation hands them back.
    Result<> make_beside(
        const OperationRequest& operation, const OperationEvents& events, Outcome& outcome
    ) {
        for (const auto& wanted : operation.beside) {
            const auto number = static_cast<int>(outcome.beside.size()) + 1;
            done.back() += fmt::format("+{}", kind_of(wanted.operation));
            Outcome other{{}, {}, TRY(sandbox::Workspace::make(testing::TempDir()))};
            other.finished.file.kind = "video";
            other.finished.file.format = "made beside";
            const auto name = fmt::format("output-{}.mp4", number);
            std::ofstream(other.workspace.path() / name) << "besid";
            events.progress({.percent = 50, .speed = {}, .eta_s = {}, .output = number});
            TRY(events.file_ready({.name = name, .size = 5, .output = number}, other.workspace));
            outcome.beside.push_back(std::move(other));
        }
        if (failing == "together" && !operation.beside.empty()) {
            percent = 10;
            return Error{ErrorKind::kLimitExceeded, "more memory than allowed", ""};
        }
        return {};
    }

    Job job_of(const std::string& kind, bool is_task = false) const {
        return store::JobRecord::make(store::order_for(kind, request.url), is_task, clock.now())
            .job;
    }

    /// What a job with these tasks ends as: its status, and each task's.
    std::vector<std::string> ends(Job job) {
        const LocalEvents events{
            .changed = {},
            .progress =
                [this](const Task& task, const Progress& progress) {
                    if (progress.percent) told[task.id].push_back(*progress.percent);
                },
        };
        MemoryLedger ledger(std::move(job), clock, events, stop.get_token());
        result = ledger.end(run(request, ledger));
        std::vector<std::string> words = {std::string(name_of(result.status))};
        for (const auto& task : result.tasks) {
            words.emplace_back(name_of(task.status));
            if (task.error) words.back() += fmt::format(" {}", name_of(task.error->kind));
        }
        return words;
    }
    std::vector<std::string> job_ends(std::string fails) {
        failing = std::move(fails);
        stop = std::stop_source();
        done.clear();
        return ends(job_of(request.kind));
    }
    std::vector<std::string> task_ends(const std::string& kind, std::string fails = "") {
        failing = std::move(fails);
        stop = std::stop_source();
        done.clear();
        request.kind = kind;
        return ends(job_of(kind, true));
    }

    const FixedClock clock;
    RunRequest request;
    std::string failing;
    std::stop_source stop;
    std::shared_ptr<storage::Storage> inner_ = storage::memory_storage();
    std::shared_ptr<storage::FaultyStorage> faulty_ =
        std::make_shared<storage::FaultyStorage>(inner_);
    std::shared_ptr<storage::Storage> place_ = faulty_;
    bool shares = false;                              // what may be made at once is
    double percent = 50;                              // of an operation, as it tells it once
    std::map<std::string, std::vector<double>> told;  // to who watches, of each task
    std::vector<std::string> done;                    // operations
    Job result;
};

TEST_F(RunTest, AJobGoesThroughItsFourTasks) {
    EXPECT_THAT(
        job_ends(""), ElementsAre("succeeded", "succeeded", "succeeded", "succeeded", "succeeded")
    );
    EXPECT_THAT(done, ElementsAre("probe", "video"));
    EXPECT_EQ(result.output, "s3://bucket/out.mp4");
    EXPECT_THAT(result.warnings, ElementsAre("made smaller"));
    EXPECT_EQ(*storage::get(*place_, "out.mp4", {}), "bytes");
    EXPECT_EQ(std::get<File>(result.tasks[2].input->file).format, "png");
    EXPECT_EQ(std::get<File>(result.tasks[3].input->file).format, "made");
    EXPECT_EQ(result.tasks[2].output->format, "made");
    EXPECT_EQ(result.tasks[3].options.at("url"), "s3://bucket/out.mp4");
}

TEST_F(RunTest, AFailureIsThatOfTheTaskWhoseDoingItWas) {
    using Words = std::vector<std::string>;
    const std::map<std::string, Words> expected = {
        {"open", {"failed", "failed input_blocked", "cancelled", "cancelled", "cancelled"}},
        {"probe", {"failed", "failed corrupt_media", "cancelled", "cancelled", "cancelled"}},
        {"place", {"failed", "succeeded", "cancelled", "cancelled", "failed connection_required"}},
        {"video", {"failed", "succeeded", "cancelled", "failed corrupt_media", "cancelled"}},
        {"import", {"failed", "succeeded", "failed download_failed", "cancelled", "cancelled"}},
        {"no file", {"failed", "succeeded", "cancelled", "failed task_crashed", "cancelled"}},
        {"stop probe", {"cancelled", "cancelled", "cancelled", "cancelled", "cancelled"}},
        {"stop video", {"cancelled", "succeeded", "cancelled", "cancelled", "cancelled"}},
    };
    for (const auto& [failure, words] : expected) {
        EXPECT_EQ(job_ends(failure), words) << failure;
        EXPECT_THAT(*place_->list("", {}), IsEmpty()) << failure;
    }
}

TEST_F(RunTest, WhatIsStoppedWhileItIsPublishedIsNotPublished) {
    const auto words = job_ends("publish");  // how far the import got is a matter of luck
    EXPECT_EQ(words.front(), "cancelled");
    EXPECT_EQ(words.back(), "cancelled");
    EXPECT_THAT(*place_->list("", {}), IsEmpty());
}

TEST_F(RunTest, AStandaloneTaskIsTheSameStepsAsOneTask) {
    EXPECT_THAT(task_ends("video"), ElementsAre("succeeded", "succeeded"));
    EXPECT_THAT(done, ElementsAre("video"));  // nobody needs the facts of its input
    EXPECT_EQ(result.tasks[0].output->url, "s3://bucket/out.mp4");
    EXPECT_FALSE(result.tasks[0].options.contains("url"));
    for (const char* failure : {"open", "place", "video", "import", "no file"}) {
        EXPECT_EQ(task_ends("video", failure).at(0), "failed") << failure;
        EXPECT_TRUE(result.tasks[0].error) << failure;
    }
    EXPECT_THAT(task_ends("video", "publish"), ElementsAre("cancelled", "cancelled"));
}

TEST_F(RunTest, AnImageInItsInputsFormatIsProbedFirst) {
    request.outputs.front().operation = ImageOptions{};
    EXPECT_THAT(task_ends("image"), ElementsAre("succeeded", "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "image"));
    EXPECT_EQ(result.output, "s3://bucket/out.png");
}

TEST_F(RunTest, ACopyIsTheInputWithItsFacts) {
    for (const char* kind : {"import", "export"}) {
        EXPECT_THAT(task_ends(kind), ElementsAre("succeeded", "succeeded"));
        EXPECT_THAT(done, ElementsAre("probe"));
        EXPECT_EQ(result.tasks[0].output->format, "png");
        EXPECT_EQ(storage::get(*place_, "out.mov", {})->size(), 8U) << "called as its input";
        EXPECT_EQ(task_ends(kind, "import").at(1), "failed download_failed");
    }
}

/// A job that makes a video, a poster and a stream.
class SeveralTest : public RunTest {
protected:
    SeveralTest() {
        request.kind = kMultiKind;
        request.outputs.clear();
        order_ = store::order_for(request.kind, request.url);
        order_.outputs.clear();
        for (const Operation& operation :
             {Operation(VideoOptions{}), Operation(ImageOptions{}),
              Operation(AdaptiveVideoOptions{})}) {
            order_.outputs.push_back({operation, {}, {}});
            request.outputs.push_back(
                {operation, [this](const auto& extension) { return destination(extension); },
                 label_of(order_, order_.outputs.size() - 1)}
            );
        }
    }

    std::vector<std::string> ends_after(std::string fails) {
        failing = std::move(fails);
        stop = std::stop_source();
        done.clear();
        return ends(make_job(order_, clock.now()));
    }
    std::vector<std::string> keys() const {
        std::vector<std::string> found;
        const auto objects = inner_->list("", {});
        for (const auto& object : *objects) found.push_back(object.key);
        return found;
    }
    void clear() const {
        for (const auto& key : keys()) EXPECT_TRUE(inner_->remove(key, {}));
    }

    Order order_;
};

const std::map<std::string, std::vector<std::string>> kKeysOf = {
    {"video", {"out.mp4"}},
    {"image", {"out.png"}},
    {"adaptive_video", {"out-12345678/0.m4s", "out-12345678/720p.m3u8", "out.m3u8"}},
};

TEST_F(SeveralTest, TheyShareOneProbeAndOneImport) {
    EXPECT_EQ(ends_after(""), std::vector<std::string>(9, "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "video", "image", "adaptive_video"));
    EXPECT_FALSE(result.output);
    EXPECT_EQ(result.outputs->at(0).output, "s3://bucket/out.mp4");
    EXPECT_EQ(result.outputs->at(1).output, "s3://bucket/out.png");
    EXPECT_EQ(result.tasks[5].options.at("url"), "s3://bucket/out.png");
    EXPECT_EQ(result.tasks[7].output->parts->count, 2);
    EXPECT_EQ(result.outputs->at(2).output, "s3://bucket/out.m3u8");
    EXPECT_THAT(
        result.warnings,
        ElementsAre("outputs.0: made smaller", "outputs.1: made smaller", "outputs.2: made smaller")
    );
}

TEST_F(SeveralTest, OneThatFailsLeavesTheOthers) {
    for (const auto& [kind, lost] : kKeysOf) {
        const auto words = ends_after(kind);
        EXPECT_EQ(words.front(), "failed") << kind;
        EXPECT_EQ(std::ranges::count(words, "failed corrupt_media"), 1) << kind;
        EXPECT_EQ(std::ranges::count(words, "cancelled"), 1) << kind;
        EXPECT_EQ(result.error->kind, ErrorKind::kCorruptMedia);
        for (const auto& output : *result.outputs) {
            const bool is_made = output.kind != kind;
            EXPECT_EQ(output.output.has_value(), is_made) << kind;
            EXPECT_EQ(output.error.has_value(), !is_made) << kind;
            if (!is_made) {
                EXPECT_EQ(result.error->task, output.tasks.front());
            }
        }
        EXPECT_EQ(keys().size(), 5 - lost.size()) << kind;
        clear();
    }
}

TEST_F(SeveralTest, TheFailureOfTheLastIsWrittenDownForAnAttemptThatMayFollow) {
    failing = "adaptive_video";
    const LocalEvents events;
    MemoryLedger ledger(make_job(order_, clock.now()), clock, events, stop.get_token());
    EXPECT_EQ(run(request, ledger).failures.size(), 1U);
    EXPECT_EQ(ledger.job().tasks[6].status, TaskStatus::kFailed);

    failing = "stop adaptive_video";
    MemoryLedger stopped(make_job(order_, clock.now()), clock, events, stop.get_token());
    EXPECT_EQ(run(request, stopped).failures.size(), 1U);
    EXPECT_EQ(stopped.job().tasks[6].status, TaskStatus::kProcessing);
}

TEST_F(SeveralTest, AnInputThatFailsEndsThemAll) {
    for (const char* failure : {"open", "probe", "import", "stop image"}) {
        const auto words = ends_after(failure);
        EXPECT_EQ(words.front(), failure == std::string("stop image") ? "cancelled" : "failed");
        EXPECT_EQ(words.back(), "cancelled") << failure;
        EXPECT_EQ(keys().size(), failure == std::string("stop image") ? 1U : 0U) << failure;
        clear();
    }
}

TEST_F(SeveralTest, WhatAnEarlierAttemptHasEndedIsLeftAlone) {
    auto job = make_job(order_, clock.now());
    File file;
    file.url = "s3://bucket/out.mp4";
    for (const auto i : {2U, 3U}) succeed(job.tasks[i], file, clock.now());
    fail(job.tasks[4], Error{ErrorKind::kCorruptMedia, "it is damaged", ""}, clock.now());
    const auto words = ends(job);
    EXPECT_THAT(done, ElementsAre("probe", "adaptive_video"));
    EXPECT_EQ(words.front(), "failed") << "an output did, even if in another attempt";
    EXPECT_EQ(words.at(4), "succeeded");
    EXPECT_EQ(result.error->task, job.tasks[4].id);
    EXPECT_EQ(result.outputs->at(2).status, TaskStatus::kSucceeded);

    for (const auto i : {6U, 7U}) succeed(job.tasks[i], file, clock.now());
    done.clear();
    EXPECT_EQ(ends(job).front(), "failed");
    EXPECT_THAT(done, IsEmpty());
}

TEST_F(SeveralTest, WhicheverCallOfTheStorageFailsOneOutputIsLostAndNothingIsLeftOfIt) {
    int call = 1;
    for (bool has_failed = true; has_failed; ++call) {
        faulty_->fail_at(call);
        const auto words = ends_after("");
        has_failed = faulty_->has_failed();
        EXPECT_EQ(words.front(), has_failed ? "failed" : "succeeded") << call;
        std::vector<std::string> expected;
        for (const auto& output : *result.outputs) {
            const auto& made = kKeysOf.at(output.kind);
            if (output.output) expected.insert(expected.end(), made.begin(), made.end());
            EXPECT_NE(output.output.has_value(), output.error.has_value()) << call;
        }
        EXPECT_EQ(std::ranges::count(words, "failed upload_failed"), has_failed ? 1 : 0) << call;
        EXPECT_THAT(keys(), testing::UnorderedElementsAreArray(expected)) << call;
        clear();
    }
    EXPECT_GT(call, 12) << "each upload begins, is written and committed";
}

/// Where the stream is made with the video.
class SharingTest : public SeveralTest {
protected:
    SharingTest() { shares = true; }

    void expect_all_made() const {
        EXPECT_EQ(result.outputs->at(0).output, "s3://bucket/out.mp4");
        EXPECT_EQ(result.outputs->at(1).output, "s3://bucket/out.png");
        EXPECT_EQ(result.outputs->at(2).output, "s3://bucket/out.m3u8");
    }
};

TEST_F(SharingTest, OutputsOfTheSamePicturesAreMadeAtOnce) {
    EXPECT_EQ(ends_after(""), std::vector<std::string>(9, "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "video+adaptive_video", "image"));
    expect_all_made();
    EXPECT_EQ(*storage::get(*place_, "out.mp4", {}), "bytes");
    EXPECT_EQ(*storage::get(*place_, "out.m3u8", {}), "besid");
    EXPECT_EQ(result.tasks[6].output->format, "made beside");
    EXPECT_LE(*result.tasks[6].started_at, *result.tasks[4].started_at);
}

TEST_F(SharingTest, NotThoseOfOtherPartsOrKinds) {
    VideoOptions front;
    front.end = 3;
    request.outputs[0].operation = front;
    EXPECT_EQ(ends_after(""), std::vector<std::string>(9, "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "video", "image", "adaptive_video"));
    request.outputs[0].operation = AudioOptions{};
    EXPECT_EQ(ends_after(""), std::vector<std::string>(9, "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "audio", "image", "adaptive_video"));
    request.outputs[0].operation = AdaptiveVideoOptions{};
    EXPECT_EQ(ends_after(""), std::vector<std::string>(9, "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "adaptive_video", "image", "adaptive_video"))
        << "the parts of two streams would have the same names";
}

TEST_F(SharingTest, WhatFailsTogetherIsMadeOneByOne) {
    EXPECT_EQ(ends_after("together"), std::vector<std::string>(9, "succeeded"));
    EXPECT_THAT(
        done, ElementsAre("probe", "video+adaptive_video", "video", "image", "adaptive_video")
    );
    expect_all_made();
    EXPECT_EQ(keys().size(), 5U) << "what was sent of the first try is taken back";
    EXPECT_THAT(told.at(result.tasks[2].id), ElementsAre(50, 50)) << "it does not go back";
}

TEST_F(SharingTest, OneThatFailsLeavesTheOther) {
    const auto words = ends_after("video");
    EXPECT_EQ(words.front(), "failed");
    EXPECT_EQ(std::ranges::count(words, "failed corrupt_media"), 1);
    EXPECT_EQ(result.outputs->at(2).output, "s3://bucket/out.m3u8");
    EXPECT_FALSE(result.outputs->at(0).output);
}

TEST_F(SharingTest, WhicheverCallOfTheStorageFailsAtMostOneOutputIsLost) {
    int call = 1;
    for (bool has_failed = true; has_failed; ++call) {
        faulty_->fail_at(call);
        const auto words = ends_after("");
        has_failed = faulty_->has_failed();
        EXPECT_LE(std::ranges::count(words, "failed upload_failed"), has_failed ? 1 : 0) << call;
        const auto left = keys();
        for (const auto& output : *result.outputs) {
            EXPECT_NE(output.output.has_value(), output.error.has_value()) << call;
            const auto& main = kKeysOf.at(output.kind).back();
            EXPECT_EQ(std::ranges::count(left, main), output.output ? 1 : 0) << call << " " << main;
        }
        if (!result.outputs->at(2).output) {
            EXPECT_LE(left.size(), 2U) << call;
        }
        clear();
    }
    EXPECT_GT(call, 6);
}

TEST_F(SharingTest, AStopEndsThemAll) {
    const auto words = ends_after("stop video");
    EXPECT_EQ(words.front(), "cancelled");
    EXPECT_THAT(keys(), IsEmpty());
}

}  // namespace
}  // namespace ittybit::work
