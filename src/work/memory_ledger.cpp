#include "work/memory_ledger.h"

#include <algorithm>

namespace ittybit::work {

MemoryLedger::MemoryLedger(
    Job job, const Clock& clock, const LocalEvents& events, std::stop_token stop
)
    : job_(std::move(job)), clock_(clock), events_(events), stop_(std::move(stop)) {
    changed();
    job_.status = JobStatus::kProcessing;
    job_.started_at = job_.updated_at = clock_.now();
}

void MemoryLedger::changed() {
    job_.updated_at = std::max(job_.updated_at, clock_.now());
    update_outputs(job_);
    if (events_.changed) events_.changed(job_);
}

void MemoryLedger::begin(const std::string& id, std::optional<TaskInput> input) {
    Task& task = task_of(job_, id);
    if (is_final(task.status)) return;
    if (input) task.input = std::move(input);
    if (task.status != TaskStatus::kWaiting) return;
    ittybit::begin(task, clock_.now());
    changed();
}

void MemoryLedger::report(const std::string& id, Progress progress) {
    if (measured_.second && measured_.first != id) {
        if (const auto percent = measured_.second()) {
            advance(task_of(job_, measured_.first), *percent, clock_.now());
        }
    }
    Task& task = task_of(job_, id);
    if (progress.percent && !is_final(task.status)) {
        advance(task, *progress.percent, clock_.now());
        // What was made with others before may have been further.
        progress.percent = std::max<double>(*progress.percent, *task.progress);
    }
    if (events_.progress) events_.progress(task, progress);
}

void MemoryLedger::succeed(const std::string& id, File output) {
    ittybit::succeed(task_of(job_, id), std::move(output), clock_.now());
    changed();
}

void MemoryLedger::publish(const Made& made) {
    note(job_, made, clock_.now());
    changed();
}

void MemoryLedger::fail(const std::string& task, const Error& error) {
    ittybit::fail(task_of(job_, task), error, clock_.now());
    changed();
}

void MemoryLedger::measure(const std::string& task, Percent percent) {
    measured_ = {task, std::move(percent)};
}

Job MemoryLedger::end(const Ending& ending) {
    conclude(job_, ending, clock_.now());
    changed();
    return job_;
}

}  // namespace ittybit::work
