#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "work/job_log.h"
#include "work/workshop.h"

namespace ittybit::work {

inline constexpr UnixMillis kLeaseMs = 15'000;

/// A claimed job while it is ours. One thread works on it and calls everything here; a thread
/// beside that keeps the lease, saves progress, and stops the work when the job was cancelled,
/// deleted or given to somebody else.
class HeldJob {
public:
    /// `hand_back` stops the work too: somebody else shall do it.
    HeldJob(Workshop& shop, store::JobStore::Claimed claimed, const std::stop_token& hand_back);
    HeldJob(const HeldJob&) = delete;
    HeldJob& operator=(const HeldJob&) = delete;
    ~HeldJob();

    const store::Claim& claim() const { return claim_; }
    const store::JobRecord& record() const { return record_; }
    const Job& job() const { return record_.job; }
    JobLog& log() { return log_; }

    /// Requested when the work is to end, for whatever reason.
    std::stop_token stop() const { return stop_.get_token(); }
    /// Whether the job is not ours any more.
    bool is_lost() const { return is_lost_; }

    /// The task is being worked on. Once it is, this changes nothing. What an earlier attempt
    /// finished stays as it was, whatever is said of it.
    void begin(const std::string& kind, std::optional<TaskInput> input = {});
    void report(const std::string& kind, Progress progress);
    void succeed(const std::string& kind, File output);

    /// As long as the result lives, a task that says nothing by itself is asked at each beat how
    /// far it is.
    using Percent = std::function<std::optional<double>()>;
    class [[nodiscard]] Measured {
    public:
        explicit Measured(HeldJob& job) : job_(job) {}
        Measured(const Measured&) = delete;
        Measured& operator=(const Measured&) = delete;
        ~Measured() { job_.set_measure({}, {}); }

    private:
        HeldJob& job_;
    };
    Measured measured(const std::string& kind, Percent percent) {
        set_measure(kind, std::move(percent));
        return Measured(*this);
    }

    /// Ends the keeping. What is known of the job, for its last transition.
    store::JobRecord let_go();

private:
    void keep(const std::stop_token& stop);
    void set_measure(std::string kind, Percent percent);
    void take_measure();
    bool save(bool is_new_state);
    void lose();
    Task& find(const std::string& kind);

    Workshop& shop_;
    const store::Claim claim_;
    JobLog log_;
    std::mutex mutex_;  // guards record_ against the keeper
    store::JobRecord record_;
    std::mutex saving_;  // one at a time, so that no old state is written over a new one
    std::mutex measuring_;
    std::pair<std::string, Percent> measured_;
    std::atomic<bool> is_lost_ = false;
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> follow_;
    std::jthread keeper_;
};

}  // namespace ittybit::work
