#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error_kind.h"
#include "base/fields.h"
#include "base/json.h"
#include "model/file.h"

/// Jobs and tasks as users see them (SPEC section 1): what the API answers and the command line
/// prints.
namespace ittybit {

enum class JobStatus { kQueued, kProcessing, kSucceeded, kFailed, kCancelled };
constexpr auto names(JobStatus) {
    return std::array{
        Name{JobStatus::kQueued, "queued", "not begun"},
        Name{JobStatus::kProcessing, "processing", "being worked on"},
        Name{JobStatus::kSucceeded, "succeeded", "done, the output is there"},
        Name{JobStatus::kFailed, "failed", "ended by an error"},
        Name{JobStatus::kCancelled, "cancelled", "ended on request"},
    };
}
constexpr bool is_final(JobStatus status) {
    return status != JobStatus::kQueued && status != JobStatus::kProcessing;
}

enum class TaskStatus { kWaiting, kProcessing, kSucceeded, kFailed, kCancelled };
constexpr auto names(TaskStatus) {
    return std::array{
        Name{TaskStatus::kWaiting, "waiting", "not begun"},
        Name{TaskStatus::kProcessing, "processing", "being worked on"},
        Name{TaskStatus::kSucceeded, "succeeded", "done"},
        Name{TaskStatus::kFailed, "failed", "ended by an error"},
        Name{TaskStatus::kCancelled, "cancelled", "ended on request or by another task's failure"},
    };
}
constexpr bool is_final(TaskStatus status) {
    return status != TaskStatus::kWaiting && status != TaskStatus::kProcessing;
}

/// A file somewhere else, of which only the address is known.
struct ExternalFile {
    std::string url;
    std::string object = "external_file";
    static constexpr auto kFields = Fields{
        Field{&ExternalFile::object, "object", "Always external_file."},
        Field{&ExternalFile::url, "url", "Where it is."}.required(),
    };
};

/// What a task reads: a file somewhere else, or one that an earlier task made.
struct TaskInput {
    std::variant<ExternalFile, File> file;

    /// Reads a URL string, `{url}`, an `external_file` or a `file`. Errors: `invalid_input`.
    static Result<TaskInput> from_json(const json::value& value);
    json::value to_json_value() const;
    void append_json_to(std::string& out) const;
    static json::object schema();

    /// Its address; "" for a file that is not published.
    std::string url() const;
};

/// The bound that a failure ran into, as users see it.
struct LimitInForce {
    std::string name;
    double value = 0;
    static constexpr auto kFields = Fields{
        Field{&LimitInForce::name, "name", "Which limit."},
        Field{&LimitInForce::value, "value", "Its value."},
    };
};

/// Why a task or job failed.
struct Failure {
    ErrorKind kind = ErrorKind::kInternalError;
    std::string message;
    std::optional<LimitInForce> limit;
    std::optional<std::string> task;  // in a job: the id of the task that failed
    static constexpr auto kFields = Fields{
        Field{&Failure::kind, "kind", "One of the kinds of error."},
        Field{&Failure::message, "message", "What to do about it."},
        Field{&Failure::limit, "limit", "With limit_exceeded: the limit."}.or_absent(),
        Field{&Failure::task, "task", "The id of the task that failed."}.or_absent(),
    };
    static Failure from(const Error& error);
};

struct Task {
    std::string id;
    std::string kind;  // probe, import, an encode kind, export
    std::optional<TaskInput> input;
    json::object options;
    std::optional<File> output;
    TaskStatus status = TaskStatus::kWaiting;
    std::optional<int> progress;  // 0–100, never going back
    std::optional<Failure> error;
    UnixMillis created_at = 0;
    std::optional<UnixMillis> started_at;
    std::optional<UnixMillis> finished_at;
    UnixMillis updated_at = 0;
    std::optional<json::object> metadata;  // of a standalone task
    std::string object = "task";

    static constexpr auto kFields = Fields{
        Field{&Task::id, "id", "task_…"},
        Field{&Task::object, "object", "Always task."},
        Field{&Task::kind, "kind", "probe, import, the kind of the job, or export."},
        Field{&Task::input, "input", "What it reads."},
        Field{&Task::options, "options", "Its options."},
        Field{&Task::output, "output", "What it made."},
        Field{&Task::status, "status", "Where it stands."},
        Field{&Task::progress, "progress", "Percent, null until it can be measured."},
        Field{&Task::error, "error", "Why it failed."},
        Field{&Task::created_at, "created_at", "Unix milliseconds."},
        Field{&Task::started_at, "started_at", "Unix milliseconds."},
        Field{&Task::finished_at, "finished_at", "Unix milliseconds."},
        Field{&Task::updated_at, "updated_at", "Unix milliseconds."},
        Field{&Task::metadata, "metadata", "As sent, of a standalone task."}.or_absent(),
    };
};

/// One output of a job that makes several: what its two tasks have come to.
struct JobOutput {
    std::string kind;
    json::object options;  // as sent
    std::optional<std::string> name;
    TaskStatus status = TaskStatus::kWaiting;
    std::optional<std::string> output;  // its URL, once it is there
    std::optional<Failure> error;
    std::vector<std::string> tasks;  // ids: the work, and the export

    static constexpr auto kFields = Fields{
        Field{&JobOutput::kind, "kind", "video, audio, image, animation or adaptive_video."},
        Field{&JobOutput::options, "options", "As sent."},
        Field{&JobOutput::name, "name", "As sent."},
        Field{&JobOutput::status, "status", "Where it stands."},
        Field{&JobOutput::output, "output", "Its URL, null until it is there."},
        Field{&JobOutput::error, "error", "Why it failed."},
        Field{&JobOutput::tasks, "tasks", "Ids of its tasks: the work, and the export."},
    };
};

struct Job {
    std::string id;
    std::string kind;
    std::string input;                              // as it was asked for
    std::optional<std::string> output;              // the result's URL, once it is there
    std::optional<std::vector<JobOutput>> outputs;  // of a job that makes several
    json::object options;                           // merged, as sent
    json::object metadata;
    JobStatus status = JobStatus::kQueued;
    std::optional<Failure> error;
    std::vector<std::string> warnings;
    std::vector<Task> tasks;
    UnixMillis created_at = 0;
    std::optional<UnixMillis> started_at;
    std::optional<UnixMillis> finished_at;
    UnixMillis updated_at = 0;
    std::string object = "job";

    static constexpr auto kFields = Fields{
        Field{&Job::id, "id", "job_…"},
        Field{&Job::object, "object", "Always job."},
        Field{&Job::kind, "kind", "video, audio, image, animation, adaptive_video or multi."},
        Field{&Job::input, "input", "The input's URL."},
        Field{&Job::output, "output", "The result's URL, null until the job is done."},
        Field{&Job::outputs, "outputs", "Of kind multi: what is made, one by one."}.or_absent(),
        Field{&Job::options, "options", "As sent."},
        Field{&Job::metadata, "metadata", "As sent."},
        Field{&Job::status, "status", "Where it stands."},
        Field{&Job::error, "error", "Why it failed."},
        Field{&Job::warnings, "warnings", "What was done without being asked and may matter."},
        Field{
            &Job::tasks, "tasks", "probe, import, and for each output the work itself and export."
        },
        Field{&Job::created_at, "created_at", "Unix milliseconds."},
        Field{&Job::started_at, "started_at", "Unix milliseconds."},
        Field{&Job::finished_at, "finished_at", "Unix milliseconds."},
        Field{&Job::updated_at, "updated_at", "Unix milliseconds."},
    };
};

/// The job's task with this id; there must be one.
Task& task_of(Job& job, std::string_view id);

/// The transitions; each stamps the times. Progress is kept from going back.
void begin(Task& task, UnixMillis now);
void advance(Task& task, double percent, UnixMillis now);
void succeed(Task& task, std::optional<File> output, UnixMillis now);
void fail(Task& task, const Error& error, UnixMillis now);

/// Ends a job in this state: what has not ended of its tasks is cancelled.
void end(Job& job, JobStatus status, UnixMillis now);

/// Ends a job by an error of the task with this id: that task is failed (or cancelled, for the kind
/// `cancelled`), every other is cancelled. One that is final already stays as it is.
void fail(Job& job, std::string_view task_id, const Error& error, UnixMillis now);

/// Has each of the job's outputs tell what its tasks have come to.
void update_outputs(Job& job);

}  // namespace ittybit
