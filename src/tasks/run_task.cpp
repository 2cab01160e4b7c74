#include "tasks/run_task.h"

#include <variant>

#include "image/presented.h"
#include "model/operation.h"
#include "model/stream_copy.h"
#include "tasks/adaptive_video.h"
#include "tasks/animation.h"
#include "tasks/audio.h"
#include "tasks/image.h"
#include "tasks/job.h"
#include "tasks/probe.h"
#include "tasks/text.h"
#include "tasks/validate.h"
#include "tasks/video.h"

namespace ittybit::tasks {
namespace {

Result<Finished> run(const ProbeOptions&, Job& job) {
    Finished finished;
    finished.file = TRY(probe(job.source, job.assignment.limits));
    // So that a job finds out early.
    for (std::size_t i = 0; i < job.further.size(); ++i) TRY(read_subtitles(i + 1, job));
    return finished;
}

}  // namespace

Result<Finished> run_task(
    const Assignment& assignment,
    ByteSource& source,
    Events& events,
    std::span<const std::unique_ptr<ByteSource>> further
) {
    if (assignment.kind == kValidateKind) return validate(assignment, source, events);
    if (!is_operation(assignment.kind))
        return Error{ErrorKind::kInvalidKind, "no such kind of task: " + assignment.kind, "kind"};
    std::vector<OptionProblem> problems;
    const auto operation = read_operation(assignment.kind, assignment.options, problems);
    if (!problems.empty()) {
        return Error{problems.front().kind, problems.front().message, problems.front().field};
    }
    const auto shown = TRY(image::presented(source));
    Job job{assignment, *shown, events, further};
    return std::visit([&](const auto& options) { return run(options, job); }, operation);
}

Result<Finished> explained(const Plan& plan, Job& job) {
    Finished finished;
    finished.file = TRY(probe(job.source, job.limits()));
    finished.warnings = plan.warnings;
    finished.plan = plan_json(plan);
    return finished;
}

}  // namespace ittybit::tasks
