#include "work/ending.h"

#include <algorithm>

namespace ittybit::work {

void note(Job& job, const Made& made, UnixMillis now) {
    Task& task = task_of(job, made.task);
    const auto& file = made.published.file;
    if (job.tasks.size() > 1) task.options["url"] = file.url.value_or("");
    succeed(task, file, now);
    job.warnings.insert(job.warnings.end(), made.warnings.begin(), made.warnings.end());
    update_outputs(job);
}

void conclude(Job& job, const Ending& ending, UnixMillis now) {
    if (ending.last) note(job, *ending.last, now);
    for (const auto& [task, error] : ending.failures) {
        if (error.kind == ErrorKind::kCancelled) return fail(job, task, error, now);
        if (!is_final(task_of(job, task).status)) fail(task_of(job, task), error, now);
    }
    // One of an earlier attempt counts too.
    const auto failed =
        std::ranges::find_if(job.tasks, [](const Task& task) { return task.error.has_value(); });
    if (failed != job.tasks.end()) {
        job.error = failed->error;
        job.error->task = failed->id;
    } else if (!ending.failures.empty()) {
        const auto& [task, error] = ending.failures.front();
        return fail(job, task, error, now);
    }
    if (!job.error && !job.outputs) job.output = job.tasks.back().output->url;
    end(job, job.error ? JobStatus::kFailed : JobStatus::kSucceeded, now);
}

}  // namespace ittybit::work
