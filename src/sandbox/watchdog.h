#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "model/limits.h"
#include "sandbox/workspace.h"

namespace ittybit::sandbox {

/// Watches a child at work, on a thread of its own that waits for nothing but time: ends the
/// process when it goes over a limit, when the disk is nearly full, or when the work is cancelled,
/// whatever the threads that talk to it are busy with. A process that has ended by itself is judged
/// no more: what it said last decides. What it is given outlives it.
class Watchdog {
public:
    struct Watched {
        int pid = 0;
        int process = -1;  // pidfd
        const Workspace& folder;
        std::int64_t keep_free = 0;  // bytes of the folder's disk
        Limits limits;
    };
    Watchdog(Watched child, const std::stop_token& stop);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog() = default;

    /// From here on the child's silence counts as idleness, until `rest`.
    void expect_progress();
    /// What its parent does meanwhile, or lets it wait for, is not the child's idleness.
    void rest();

    /// Why the child was ended; nothing while it was not.
    std::optional<Error> verdict() const;
    /// A descriptor that is readable once there is a verdict.
    int alarm() const { return alarm_.get(); }

private:
    using Instant = std::chrono::steady_clock::time_point;

    void watch(const std::stop_token& over);
    void listen_anew();
    std::optional<Error> judge(Instant now);
    std::optional<Error> judge_time(Instant now) const;
    std::optional<Error> judge_process() const;
    std::optional<Error> judge_disk(Instant now);
    std::chrono::milliseconds next_look() const;
    void end(Error verdict);

    const Watched child_;
    const Fd alarm_;
    const std::stop_token stop_;
    const Instant started_;
    std::int64_t headroom_ = 0;  // bytes until a bound of the disk is met, when last looked at
    std::int64_t used_ = 0;
    Instant next_count_;

    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<Instant> idle_since_ GUARDED_BY(mutex_);
    std::optional<Error> verdict_ GUARDED_BY(mutex_);

    std::stop_callback<std::function<void()>> wake_;
    std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace ittybit::sandbox
