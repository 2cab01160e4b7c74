#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "model/job.h"
#include "model/protocol.h"
#include "work/ending.h"

namespace ittybit::work {

/// Where it is written how far a run is: in the store, or in memory for the one who typed it. Tasks
/// are named by their ids. One thread calls, that of the run.
class Ledger {
public:
    Ledger() = default;
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;
    virtual ~Ledger() = default;

    /// The job whose tasks are run: its id, kind, input and the ids of its tasks do not change.
    virtual const Job& job() const = 0;

    /// Requested when the work is to end: on request, or because it is not ours any more.
    virtual std::stop_token stop() const = 0;

    /// The task is being worked on, and reads `input` where one is given. Once it is, this changes
    /// nothing. What an earlier attempt finished stays as it was, whatever is said of it.
    virtual void begin(const std::string& task, std::optional<TaskInput> input) = 0;
    virtual void report(const std::string& task, Progress progress) = 0;
    virtual void succeed(const std::string& task, File output) = 0;

    /// Of one of several outputs, while the job goes on: it is there to be had, its export has
    /// succeeded. Or its task has failed, in this attempt.
    virtual void publish(const Made& made) = 0;
    virtual void fail(const std::string& task, const Error& error) = 0;

    /// A task that says nothing by itself is asked now and then how far it is; an empty function
    /// ends that. Called on any thread.
    using Percent = std::function<std::optional<double>()>;
    virtual void measure(const std::string& task, Percent percent) = 0;
};

/// Measures a task as long as it lives.
class [[nodiscard]] Measured {
public:
    Measured(Ledger& ledger, std::string task, Ledger::Percent percent)
        : ledger_(ledger), task_(std::move(task)) {
        ledger_.measure(task_, std::move(percent));
    }
    Measured(const Measured&) = delete;
    Measured& operator=(const Measured&) = delete;
    ~Measured() { ledger_.measure(task_, {}); }

private:
    Ledger& ledger_;
    const std::string task_;
};

}  // namespace ittybit::work
