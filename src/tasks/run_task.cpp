#include "tasks/run_task.h"

#include <algorithm>
#include <variant>

#include "model/operation.h"
#include "tasks/job.h"
#if __has_include("tasks/probe.h")
#include "tasks/probe.h"
#endif
#if __has_include("tasks/video.h")
#include "tasks/video.h"
#endif
#if __has_include("tasks/audio.h")
#include "tasks/audio.h"
#endif
#if __has_include("tasks/image.h")
#include "tasks/image.h"
#endif
#if __has_include("tasks/animation.h")
#include "tasks/animation.h"
#endif
#if __has_include("tasks/adaptive_video.h")
#include "tasks/adaptive_video.h"
#endif

namespace ittybit::tasks {

Result<Finished> run_task(const Assignment& assignment, ByteSource& source, Events& events) {
    if (std::ranges::find(kKinds, assignment.kind) == kKinds.end())
        return Error{"invalid_kind", "no such kind of task: " + assignment.kind, "kind"};
    std::vector<OptionProblem> problems;
    const auto operation = read_operation(assignment.kind, assignment.options, problems);
    if (!problems.empty()) {
        return Error{problems.front().kind, problems.front().message, problems.front().field};
    }
    Job job{assignment, source, events};
    return std::visit(
        [&](const auto& options) -> Result<Finished> {
            if constexpr (requires { run(options, job); }) {
                return run(options, job);
            } else {
                return Error{
                    "internal_error", "this build lacks the kind " + assignment.kind, "kind"
                };
            }
        },
        operation
    );
}

}  // namespace ittybit::tasks
