#include "work/job_log.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace ittybit::work {
namespace {

std::string kind_label(std::string_view kind) {
    return fmt::format("kind=\"{}\"", kind);
}

void add_failure(json::object& facts, const std::optional<Failure>& error) {
    if (!error) return;
    facts["error"] = name_of(error->kind);
    facts["why"] = error->message;
}

}  // namespace

json::object JobLog::facts() const {
    return {{"job", claim_.job_id}, {"attempt", claim_.attempt}};
}

void JobLog::job_started(const Job& job) {
    for (const auto& task : job.tasks) {
        if (is_final(task.status)) ended_.insert(task.id);  // told by an earlier attempt
    }
    auto line = facts();
    line["kind"] = job.kind;
    line["status"] = "processing";
    log::info("job started", line);
    if (claim_.attempt == 1 && job.started_at) {
        const auto waited = static_cast<double>(*job.started_at - job.created_at) / 1000;
        metrics_.observe("ittybit_queue_wait_seconds", "", waited);
    }
}

void JobLog::task_started(const Task& task) {
    auto line = facts();
    line["task"] = task.id;
    line["kind"] = task.kind;
    line["status"] = name_of(task.status);
    log::info("task started", line);
}

void JobLog::task_ended(const Task& task) {
    if (!is_final(task.status) || !ended_.insert(task.id).second) return;
    auto line = facts();
    line["task"] = task.id;
    line["kind"] = task.kind;
    line["status"] = name_of(task.status);
    add_failure(line, task.error);
    if (task.started_at && task.finished_at) {
        const auto took = *task.finished_at - *task.started_at;
        line["duration_ms"] = took;
        metrics_.observe(
            "ittybit_task_duration_seconds", kind_label(task.kind), static_cast<double>(took) / 1000
        );
    }
    log::info("task ended", line);
}

void JobLog::child_ended(const Result<Outcome>& outcome) {
    const std::string_view reason = outcome ? "finished" : name_of(outcome.error().kind);
    metrics_.add("ittybit_child_exits_total", fmt::format("reason=\"{}\"", reason));
}

void JobLog::encoded(std::string_view kind, const File& file, double seconds) {
    if (!file.duration || seconds <= 0) return;
    metrics_.observe("ittybit_encode_speed_ratio", kind_label(kind), *file.duration / seconds);
}

void JobLog::job_handed_back(const Error& error) {
    auto line = facts();
    line["status"] = "queued";
    line["error"] = name_of(error.kind);
    line["why"] = error.message;
    log::warn("job handed back", line);
}

void JobLog::job_left() {
    log::info("job left", facts());
}

void JobLog::job_ended(const Job& job, std::int64_t input_bytes) {
    for (const auto& task : job.tasks) task_ended(task);
    auto line = facts();
    line["kind"] = job.kind;
    line["status"] = name_of(job.status);
    add_failure(line, job.error);
    log::info("job ended", line);
    metrics_.add(
        "ittybit_jobs_ended_total",
        fmt::format("{},status=\"{}\"", kind_label(job.kind), name_of(job.status))
    );
    metrics_.add("ittybit_input_bytes_total", "", static_cast<double>(input_bytes));
    std::int64_t size = 0;
    for (const auto& task : job.tasks) {
        const bool is_result = task.kind == "export" || job.tasks.size() == 1;
        if (!is_result || !task.output) continue;
        size += task.output->size.value_or(0) + (task.output->parts ? task.output->parts->size : 0);
    }
    metrics_.add("ittybit_output_bytes_total", "", static_cast<double>(size));
}

}  // namespace ittybit::work
