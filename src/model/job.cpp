#include "model/job.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/fields_json.h"
#include "base/fields_schema.h"
#include "base/ids.h"

namespace ittybit {
namespace {

Error bad_input(std::string message) {
    return {ErrorKind::kInvalidInput, std::move(message), "input"};
}

void cancel(Task& task, UnixMillis now) {
    task.status = TaskStatus::kCancelled;
    task.finished_at = task.updated_at = now;
}

}  // namespace

Result<TaskInput> TaskInput::from_json(const json::value& value) {
    if (const auto* url = value.if_string()) {
        return TaskInput{ExternalFile{.url = std::string(*url)}};
    }
    if (!value.is_object()) return bad_input("must be a URL or the file that another task gave");
    Reader reader;
    if (string_at(value, "object") == "file") {
        File file;
        reader.read(value, file);
        if (reader.problems().empty()) return TaskInput{std::move(file)};
    } else {
        ExternalFile file;
        reader.read(value, file);
        if (reader.problems().empty()) return TaskInput{std::move(file)};
    }
    return bad_input("is not right: " + reader.problems().front().message);
}

json::value TaskInput::to_json_value() const {
    return std::visit([](const auto& value) { return to_json(value); }, file);
}

void TaskInput::append_json_to(std::string& out) const {
    std::visit([&](const auto& value) { append_json_of(out, value); }, file);
}

json::object TaskInput::schema() {
    return {{"oneOf", json::array{schema_of<ExternalFile>(), schema_of<File>()}}};
}

std::string TaskInput::url() const {
    if (const auto* made = std::get_if<File>(&file)) return made->url.value_or("");
    return std::get<ExternalFile>(file).url;
}

Failure Failure::from(const Error& error) {
    Failure failure{error.kind, error.message, std::nullopt, std::nullopt};
    if (error.limit) failure.limit = LimitInForce{error.limit->name, error.limit->value};
    return failure;
}

Job Job::make(std::string kind, std::string input, json::object options, UnixMillis now) {
    Job job;
    job.id = make_id("job", now);
    job.kind = std::move(kind);
    job.input = std::move(input);
    job.options = std::move(options);
    job.created_at = job.updated_at = now;
    job.tasks = waiting_tasks(job);
    return job;
}

std::vector<Task> waiting_tasks(const Job& job) {
    const std::array<std::string_view, 4> kinds = {"probe", "import", job.kind, "export"};
    std::vector<Task> tasks(kinds.size());
    for (unsigned i = 0; i < kinds.size(); ++i) {
        Task& task = tasks[i];
        task.id = following_id(job.id, "task", i + 1);
        task.kind = kinds.at(i);
        task.created_at = task.updated_at = job.created_at;
    }
    tasks[0].input = tasks[1].input = TaskInput{ExternalFile{.url = job.input}};
    tasks[2].options = job.options;
    return tasks;
}

Task& Job::task(std::string_view name) {
    return *std::ranges::find(tasks, name, &Task::kind);
}

void begin(Task& task, UnixMillis now) {
    task.status = TaskStatus::kProcessing;
    task.started_at = task.updated_at = now;
}

void advance(Task& task, double percent, UnixMillis now) {
    const int whole = std::clamp(static_cast<int>(percent), 0, 99);
    task.progress = std::max(task.progress.value_or(0), whole);
    task.updated_at = now;
}

void succeed(Task& task, std::optional<File> output, UnixMillis now) {
    task.status = TaskStatus::kSucceeded;
    task.output = std::move(output);
    task.progress = 100;
    task.finished_at = task.updated_at = now;
}

void fail(Task& task, const Error& error, UnixMillis now) {
    if (error.kind == ErrorKind::kCancelled) return cancel(task, now);
    task.status = TaskStatus::kFailed;
    task.error = Failure::from(error);
    task.finished_at = task.updated_at = now;
}

void fail(Job& job, std::string_view task_kind, const Error& error, UnixMillis now) {
    Task& failed = job.task(task_kind);
    if (!is_final(failed.status)) fail(failed, error, now);
    for (auto& task : job.tasks) {
        if (!is_final(task.status)) cancel(task, now);
    }
    job.status = JobStatus::kCancelled;
    if (error.kind != ErrorKind::kCancelled) {
        job.status = JobStatus::kFailed;
        job.error = Failure::from(error);
        job.error->task = failed.id;
    }
    job.finished_at = job.updated_at = now;
}

}  // namespace ittybit
