#include "model/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/ids.h"

namespace ittybit {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

TEST(Job, ItsTasksFollowFromItWithNoOtherIdBetween) {
    const auto job = Job::make("video", "https://example.com/a", {{"width", 640}}, kNow);
    const auto next = make_id("job", kNow);
    ASSERT_EQ(job.tasks.size(), 4U);
    std::string before = job.id.substr(4);
    for (const auto& task : job.tasks) {
        EXPECT_TRUE(is_id(task.id, "task"));
        EXPECT_LT(before, task.id.substr(5));
        before = task.id.substr(5);
    }
    EXPECT_LT(before, next.substr(4));
    EXPECT_EQ(to_json(waiting_tasks(job)), to_json(job.tasks));
}

TEST(Job, AnIdFollowsAcrossAllDigits) {
    EXPECT_EQ(
        following_id("job_00000000000000000000000zzz", "task", 2), "task_00000000000000000000001001"
    );
}

TEST(Job, WrittenDirectlyItIsTheDocumentItWouldBe) {
    auto job = Job::make("video", "https://example.com/\"a\"", {{"fps", 25.5}, {"x", {}}}, kNow);
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
        job, "import", Error{ErrorKind::kCorruptMedia, "é", "", LimitReached{"pixels", 1e9}},
        kNow + 3
    );
    EXPECT_EQ(json_text(job), compact_json(to_json(job)));
}

TEST(Job, WhatHasEndedStaysAsItIsWhenTheJobFails) {
    auto job = Job::make("video", "https://example.com/a", {}, kNow);
    succeed(job.tasks[0], std::nullopt, kNow + 1);
    const auto probe = to_json(job.tasks[0]);
    fail(job, "probe", Error{ErrorKind::kDownloadFailed, "gone", ""}, kNow + 2);
    EXPECT_EQ(to_json(job.tasks[0]), probe);
    EXPECT_EQ(job.status, JobStatus::kFailed);
    EXPECT_EQ(job.error->task, job.tasks[0].id);
    EXPECT_EQ(job.tasks[3].status, TaskStatus::kCancelled);
}

}  // namespace
}  // namespace ittybit
