#include "work/run.h"

#include <array>
#include <fstream>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
        std::ofstream(outcome.workspace.path() / "output.mp4") << "bytes";
        events.progress({50, {}, {}});
        const auto name = failing == "no file" ? "absent" : "output.mp4";
        TRY(events.file_ready({.name = name, .size = 5}, outcome.workspace));
        if (failing == "publish") stop.request_stop();
        return outcome;
    }

    /// What a job with these tasks ends as: its status, and each task's.
    std::vector<std::string> ends(Job job) {
        const LocalEvents events;
        MemoryLedger ledger(std::move(job), clock, events, stop.get_token());
        result = ledger.end(run(request, ledger));
        std::vector<std::string> words = {std::string(name_of(result.status))};
        for (const auto& task : result.tasks) {
            words.push_back(std::string(name_of(task.status)));
            if (task.error) words.back() += fmt::format(" {}", name_of(task.error->kind));
        }
        return words;
    }
    std::vector<std::string> job_ends(std::string fails) {
        failing = std::move(fails);
        stop = std::stop_source();
        done.clear();
        return ends(Job::make(request.kind, request.url, {}, clock.now()));
    }
    std::vector<std::string> task_ends(std::string kind, std::string fails = "") {
        failing = std::move(fails);
        stop = std::stop_source();
        done.clear();
        request.kind = kind;
        Job job = Job::make(std::move(kind), request.url, {}, clock.now());
        job.tasks = {job.task(job.kind == "video" ? "video" : job.kind)};
        return ends(std::move(job));
    }

    const FixedClock clock;
    RunRequest request;
    std::string failing;
    std::stop_source stop;
    std::shared_ptr<storage::Storage> place_ = storage::memory_storage();
    std::vector<std::string> done;  // operations
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
        EXPECT_EQ(storage::get(*place_, "out.", {})->size(), 8U);
        EXPECT_EQ(task_ends(kind, "import").at(1), "failed download_failed");
    }
}

TEST_F(RunTest, SeveralOutputsShareOneProbeAndOneImport) {
    request.outputs.push_back({ImageOptions{}, [this](const std::string& extension) {
                                   return destination(extension);
                               }});
    Job job = Job::make("video", request.url, {}, clock.now());
    for (const char* kind : {"image", "export"}) {
        Task task = job.tasks.back();
        task.id += kind;
        task.kind = kind;
        job.tasks.push_back(task);
    }
    EXPECT_EQ(ends(std::move(job)), std::vector<std::string>(7, "succeeded"));
    EXPECT_THAT(done, ElementsAre("probe", "video", "image"));
    EXPECT_EQ(*storage::get(*place_, "out.mp4", {}), "bytes");
    EXPECT_EQ(*storage::get(*place_, "out.png", {}), "bytes");
    EXPECT_EQ(result.tasks[3].output->url, "s3://bucket/out.mp4");
    EXPECT_EQ(result.tasks[5].output->url, "s3://bucket/out.png");
}

}  // namespace
}  // namespace ittybit::work
