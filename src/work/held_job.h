#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/linked_stop.h"
#include "base/thread_safety.h"
#include "work/job_log.h"
#include "work/ledger.h"
#include "work/workshop.h"

namespace ittybit::work {

/// A write that must not be missed: a database that cannot be written now is tried until the lease
/// has ended, since then another attempt is made of the job anyway. Whether the job was ours;
/// nothing when it was never written.
std::optional<bool> write_patiently(Trouble& trouble, const std::function<Result<bool>()>& write);

/// A record, and what its last task has made, as the store writes them.
store::Ending written_ending(store::JobRecord record, const std::optional<Made>& made);

/// A claimed job while it is ours. One thread works on it and calls everything here; a thread
/// beside that keeps the lease, saves progress, and stops the work when the job was cancelled,
/// deleted or given to somebody else.
class HeldJob final : public Ledger {
public:
    /// `hand_back` stops the work too: somebody else shall do it. `at_beat` is called every two
    /// seconds, on the thread that keeps the lease.
    HeldJob(
        Workshop& shop,
        store::Claimed claimed,
        const std::stop_token& hand_back,
        std::function<void()> at_beat
    );
    ~HeldJob() override;

    const store::Claim& claim() const { return claim_; }
    // By the one thread that changes the record; what the keeper notes are percentages alone.
    const store::JobRecord& record() const NO_THREAD_SAFETY_ANALYSIS { return record_; }
    const Job& job() const override NO_THREAD_SAFETY_ANALYSIS { return record_.job; }
    JobLog& log() { return log_; }

    std::stop_token stop() const override { return stop_.get_token(); }
    /// Whether the job is not ours any more.
    bool is_lost() const { return is_lost_; }

    void begin(const std::string& task, std::optional<TaskInput> input) override;
    void report(const std::string& task, Progress progress) override;
    void succeed(const std::string& task, File output) override;
    void publish(const Made& made) override;
    /// Another attempt may have better luck: then the task is left as it is.
    void fail(const std::string& task, const Error& error) override;
    /// At each beat.
    void measure(const std::string& task, Percent percent) override;

    /// Ends the keeping. What is known of the job, for its last transition.
    store::JobRecord let_go();

private:
    void keep(const std::stop_token& stop);
    void take_measure();
    bool save(bool is_new_state);
    void lose();
    Task& change(const std::string& task) REQUIRES(mutex_);

    Workshop& shop_;
    const store::Claim claim_;
    const std::function<void()> at_beat_;
    JobLog log_;
    Mutex mutex_;
    store::JobRecord record_ GUARDED_BY(mutex_);
    std::set<std::string> unsaved_ GUARDED_BY(mutex_);  // ids of tasks that changed since
    bool is_state_unsaved_ GUARDED_BY(mutex_) = false;  // followers have not been told of it
    Mutex saving_;  // one at a time, so that no old state is written over a new one
    Mutex measuring_;
    std::pair<std::string, Percent> measured_ GUARDED_BY(measuring_);
    std::atomic<bool> is_lost_ = false;
    LinkedStop stop_;
    std::jthread keeper_;
};

}  // namespace ittybit::work
