#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/thread_safety.h"

namespace ittybit {

/// A bounded queue between two threads. A full channel makes the sender wait: that is all the
/// back-pressure the pipeline needs. Closing lets the receiver drain what is left, then stop.
template <typename T>
class Channel {
public:
    explicit Channel(std::size_t capacity) : capacity_(capacity) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// False when the other end is gone or a stop was asked for: the item was not taken.
    bool send(T item, const std::stop_token& stop) {
        MutexLock lock(mutex_);
        const bool room = changed_.wait(lock, stop, [&]() REQUIRES(mutex_) {
            return closed_ || items_.size() < capacity_;
        });
        if (!room || closed_) return false;
        items_.push_back(std::move(item));
        changed_.notify_all();
        return true;
    }

    /// Nothing once the channel is closed and empty, or a stop was asked for.
    std::optional<T> receive(const std::stop_token& stop) {
        MutexLock lock(mutex_);
        if (!changed_.wait(lock, stop, [&]() REQUIRES(mutex_) {
                return closed_ || !items_.empty();
            }))
            return std::nullopt;
        if (items_.empty()) return std::nullopt;
        std::optional<T> item = std::move(items_.front());
        items_.pop_front();
        changed_.notify_all();
        return item;
    }

    void close() {
        const MutexLock lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

private:
    const std::size_t capacity_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<T> items_ GUARDED_BY(mutex_);
    bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace ittybit
