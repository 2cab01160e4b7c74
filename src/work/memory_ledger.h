#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "work/ledger.h"

namespace ittybit::work {

/// Who hears of a run on this machine. Both may be empty; called on the thread of the run.
struct LocalEvents {
    std::function<void(const Job&)> changed;  // a task or the job has another state
    std::function<void(const Task&, const Progress&)> progress;
};

/// A job in memory, for the one who waits for it.
class MemoryLedger final : public Ledger {
public:
    /// What is borrowed outlives it.
    MemoryLedger(Job job, const Clock& clock, const LocalEvents& events, std::stop_token stop);

    const Job& job() const override { return job_; }
    std::stop_token stop() const override { return stop_; }
    void begin(const std::string& task, std::optional<TaskInput> input) override;
    void report(const std::string& task, Progress progress) override;
    void succeed(const std::string& task, File output) override;
    void publish(const Made& made) override;
    void fail(const std::string& task, const Error& error) override;
    /// Whenever another task reports.
    void measure(const std::string& task, Percent percent) override;

    /// The job as the run left it.
    Job end(const Ending& ending);

private:
    void changed();

    Job job_;
    const Clock& clock_;
    const LocalEvents& events_;
    const std::stop_token stop_;
    std::pair<std::string, Percent> measured_;
};

}  // namespace ittybit::work
