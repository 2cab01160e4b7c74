#include "model/job.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/ids.h"
#include "model/order.h"

namespace ittybit {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

Job job_for(const std::string& url, json::object options = {}) {
    Order order;
    order.kind = "video";
    order.input = {ExternalFile{.url = url}};
    order.outputs.push_back({Operation(VideoOptions{}), {}, std::move(options)});
    return make_job(order, kNow);
}

TEST(Job, AnIdFollowsAcrossAllDigits) {
    EXPECT_EQ(
        following_id("job_00000000000000000000000zzz", "task", 2), "task_00000000000000000000001001"
    );
}

TEST(Job, WrittenDirectlyItIsTheDocumentItWouldBe) {
    auto job = job_for("https://example.com/\"a\"", {{"fps", 25.5}, {"x", {}}});
    begin(job.tasks[0], kNow + 1);
    File file;
    file.duration = 5.25;
    file.streams.resize(2);
    file.renditions.emplace(1);
    succeed(job.tasks[0], file, kNow + 2);
    job.tasks[2].input = TaskInput{file};
    job.warnings = {"one", "two\n"};
    EXPECT_EQ(json_text(job), compact_json(to_json(job)));
    fail(
        job, job.tasks[1].id, Error{ErrorKind::kCorruptMedia, "é", "", LimitReached{"pixels", 1e9}},
        kNow + 3
    );
    EXPECT_EQ(json_text(job), compact_json(to_json(job)));
}

TEST(Job, WhatHasEndedStaysAsItIsWhenTheJobFails) {
    auto job = job_for("https://example.com/a");
    succeed(job.tasks[0], std::nullopt, kNow + 1);
    const auto probe = to_json(job.tasks[0]);
    fail(job, job.tasks[0].id, Error{ErrorKind::kDownloadFailed, "gone", ""}, kNow + 2);
    EXPECT_EQ(to_json(job.tasks[0]), probe);
    EXPECT_EQ(job.status, JobStatus::kFailed);
    EXPECT_EQ(job.error->task, job.tasks[0].id);
    EXPECT_EQ(job.tasks[3].status, TaskStatus::kCancelled);
}

TEST(Job, EachOfSeveralOutputsTellsWhatItsTasksHaveComeTo) {
    Order order;
    order.kind = kMultiKind;
    order.input = {ExternalFile{.url = "https://example.com/a"}};
    order.outputs.push_back({Operation(VideoOptions{}), {}, {{"width", 320}}});
    order.outputs.push_back({Operation(ImageOptions{}), {{}, {}, "poster"}, {}});
    order.outputs.push_back({Operation(AudioOptions{}), {}, {}});
    auto job = make_job(order, kNow);
    ASSERT_EQ(job.tasks.size(), 8U);
    ASSERT_EQ(job.outputs->size(), 3U);
    EXPECT_TRUE(job.options.empty());
    EXPECT_EQ(job.outputs->at(0).options.at("width"), 320);
    EXPECT_EQ(job.outputs->at(1).name, "poster");
    EXPECT_EQ(job.outputs->at(1).status, TaskStatus::kWaiting);
    EXPECT_EQ(
        job.outputs->at(1).tasks, (std::vector<std::string>{job.tasks[4].id, job.tasks[5].id})
    );
    EXPECT_EQ(label_of(order, 0), "outputs.0");
    EXPECT_EQ(label_of(order, 1), "poster");

    begin(job.tasks[2], kNow + 1);
    fail(job.tasks[4], Error{ErrorKind::kStartOutOfRange, "it ends before", ""}, kNow + 1);
    update_outputs(job);
    EXPECT_EQ(job.outputs->at(0).status, TaskStatus::kProcessing);
    EXPECT_EQ(job.outputs->at(1).status, TaskStatus::kFailed);
    EXPECT_EQ(job.outputs->at(1).error->task, job.tasks[4].id);

    File file;
    file.url = "https://example.com/files/a.mp4";
    for (const auto i : {2U, 3U}) succeed(job.tasks[i], file, kNow + 2);
    end(job, JobStatus::kFailed, kNow + 3);
    EXPECT_EQ(job.outputs->at(0).status, TaskStatus::kSucceeded);
    EXPECT_EQ(job.outputs->at(0).output, file.url);
    EXPECT_EQ(job.outputs->at(1).status, TaskStatus::kFailed);
    EXPECT_FALSE(job.outputs->at(1).output);
    EXPECT_EQ(job.outputs->at(2).status, TaskStatus::kCancelled);
    EXPECT_EQ(json_text(job), compact_json(to_json(job)));
}

}  // namespace
}  // namespace ittybit
