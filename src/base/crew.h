#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/thread_safety.h"

namespace ittybit {

/// A few threads that do the same with each thing they are given, in any order. One thread gives.
/// The first error ends it all; destroying the crew drops what waits.
template <typename Item, typename Made>
class Crew {
public:
    using Work = std::function<Result<Made>(const Item&, const std::stop_token&)>;

    Crew(std::size_t most_threads, Work work)
        : most_threads_(most_threads), work_(std::move(work)) {}
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() { stop(); }

    /// To be done later. Waits while `most` or more wait or are under way.
    /// Errors: that of an earlier one; `cancelled`.
    Result<> give(Item item, std::size_t most, const std::stop_token& stop) {
        MutexLock lock(mutex_);
        changed_.wait(lock, stop, [&]() REQUIRES(mutex_) {
            return error_ || waiting_.size() + busy_ < most;
        });
        TRY(outcome(stop));
        waiting_.push_back(std::move(item));
        if (threads_.size() < most_threads_) {
            threads_.emplace_back([this](const std::stop_token& end) { run(end); });
        }
        changed_.notify_all();
        return {};
    }

    /// Waits until all is done. Errors: as those of give.
    Result<> finish(const std::stop_token& stop) {
        MutexLock lock(mutex_);
        changed_.wait(lock, stop, [&]() REQUIRES(mutex_) {
            return error_ || (waiting_.empty() && busy_ == 0);
        });
        return outcome(stop);
    }

    /// Drops what waits, and waits for what is under way, which is asked to stop.
    void stop() {
        for (auto& thread : threads_) thread.request_stop();
        threads_.clear();
    }

    /// What became of those that went well, in the order of their ends.
    std::vector<Made> made() const {
        const MutexLock lock(mutex_);
        return made_;
    }

private:
    Result<> outcome(const std::stop_token& stop) const REQUIRES(mutex_) {
        if (error_) return *error_;
        if (stop.stop_requested()) return Error{ErrorKind::kCancelled, "it was cancelled", ""};
        return {};
    }

    void run(const std::stop_token& stop) {
        MutexLock lock(mutex_);
        const auto is_wanted = [this]() REQUIRES(mutex_) { return !waiting_.empty() && !error_; };
        while (changed_.wait(lock, stop, is_wanted) && !stop.stop_requested()) {
            const Item item = std::move(waiting_.front());
            waiting_.pop_front();
            ++busy_;
            lock.unlock();
            auto done = work_(item, stop);
            lock.lock();
            --busy_;
            if (done) made_.push_back(*std::move(done));
            if (!done && !error_) error_ = std::move(done).error();
            changed_.notify_all();
        }
    }

    const std::size_t most_threads_;
    const Work work_;
    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Item> waiting_ GUARDED_BY(mutex_);
    std::size_t busy_ GUARDED_BY(mutex_) = 0;
    std::optional<Error> error_ GUARDED_BY(mutex_);
    std::vector<Made> made_ GUARDED_BY(mutex_);
    std::vector<std::jthread> threads_;
};

}  // namespace ittybit
