#include "model/job.h"

#include <algorithm>
#include <utility>

#include "base/fields_json.h"
#include "base/fields_schema.h"

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

Task& task_of(Job& job, std::string_view id) {
    return *std::ranges::find(job.tasks, id, &Task::id);
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

void fail(Job& job, std::string_view task_id, const Error& error, UnixMillis now) {
    Task& failed = task_of(job, task_id);
    if (!is_final(failed.status)) fail(failed, error, now);
    if (error.kind == ErrorKind::kCancelled) return end(job, JobStatus::kCancelled, now);
    job.error = Failure::from(error);
    job.error->task = failed.id;
    end(job, JobStatus::kFailed, now);
}

void end(Job& job, JobStatus status, UnixMillis now) {
    for (auto& task : job.tasks) {
        if (!is_final(task.status)) cancel(task, now);
    }
    update_outputs(job);
    job.status = status;
    job.finished_at = job.updated_at = now;
}

void update_outputs(Job& job) {
    if (!job.outputs) return;
    for (auto& output : *job.outputs) {
        const auto all_are = [&](TaskStatus status) {
            return std::ranges::all_of(output.tasks, [&](const std::string& id) {
                return task_of(job, id).status == status;
            });
        };
        output.status = all_are(TaskStatus::kWaiting)     ? TaskStatus::kWaiting
                        : all_are(TaskStatus::kSucceeded) ? TaskStatus::kSucceeded
                                                          : TaskStatus::kProcessing;
        for (const auto& id : output.tasks) {
            const Task& task = task_of(job, id);
            if (task.status == TaskStatus::kCancelled && !output.error) output.status = task.status;
            if (!task.error) continue;
            output.status = TaskStatus::kFailed;
            output.error = task.error;
            output.error->task = id;
        }
        const Task& published = task_of(job, output.tasks.back());
        if (published.output) output.output = published.output->url;
    }
}

}  // namespace ittybit
