#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "model/protocol.h"

namespace ittybit::work {

/// The latest progress of the jobs that this process works on, for those who follow them. It is not
/// stored: what lasts is the whole percent in the task. Safe from any thread.
class Live {
public:
    struct Moment {
        std::string task;
        Progress progress;
        std::uint64_t number = 0;  // grows with each one
    };

    void tell(const std::string& job, const std::string& task, const Progress& progress) {
        const std::lock_guard lock(mutex_);
        moments_[job] = {task, progress, ++count_};
    }
    std::optional<Moment> latest(const std::string& job) const {
        const std::lock_guard lock(mutex_);
        const auto found = moments_.find(job);
        if (found == moments_.end()) return std::nullopt;
        return found->second;
    }
    void forget(const std::string& job) {
        const std::lock_guard lock(mutex_);
        moments_.erase(job);
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, Moment> moments_;
    std::uint64_t count_ = 0;
};

}  // namespace ittybit::work
