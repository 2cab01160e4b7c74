#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "model/protocol.h"

namespace ittybit::work {

/// The latest progress of each task that this process works on, for those who follow the job. It is
/// not stored: what lasts is the whole percent in the task. Safe from any thread.
class Live {
public:
    struct Moment {
        std::string task;
        Progress progress;
        std::uint64_t number = 0;  // grows with each one
    };

    void tell(const std::string& job, const std::string& task, const Progress& progress) {
        const std::lock_guard lock(mutex_);
        moments_[job][task] = {task, progress, ++count_};
    }
    /// The latest of each task of a job that came after `seen`, in their order.
    std::vector<Moment> since(const std::string& job, std::uint64_t seen) const {
        std::vector<Moment> found;
        const std::lock_guard lock(mutex_);
        const auto tasks = moments_.find(job);
        if (tasks == moments_.end()) return found;
        for (const auto& [task, moment] : tasks->second) {
            if (moment.number > seen) found.push_back(moment);
        }
        std::ranges::sort(found, {}, &Moment::number);
        return found;
    }
    /// The job is not worked on here any more.
    void forget(const std::string& job) {
        const std::lock_guard lock(mutex_);
        moments_.erase(job);
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::string, Moment>> moments_;  // by job, then task
    std::uint64_t count_ = 0;
};

}  // namespace ittybit::work
