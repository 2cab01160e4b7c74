#pragma once

#include <set>
#include <string>

#include "model/job.h"
#include "store/records.h"
#include "work/metrics.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// What operators are told of one attempt of a job: a log line for each change of state, with the
/// ids to find it by, and the metrics. Used by the one thread that works on the job.
class JobLog {
public:
    JobLog(Metrics& metrics, const store::Claim& claim) : metrics_(metrics), claim_(claim) {}

    void job_started(const Job& job);
    void task_started(const Task& task);
    /// Says nothing of a task that has been told to have ended.
    void task_ended(const Task& task);
    void child_ended(const Result<Outcome>& outcome);
    /// `kind` was made in so many seconds.
    void encoded(std::string_view kind, const File& file, double seconds);

    void job_handed_back(const Error& error);
    void job_left();
    void job_ended(const Job& job, std::int64_t input_bytes);

private:
    json::object facts() const;

    Metrics& metrics_;
    const store::Claim& claim_;
    std::set<std::string> ended_;  // tasks
};

}  // namespace ittybit::work
