#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_safety.h"

namespace ittybit::store {

/// Topics: what somebody may be waiting for.
namespace topic {
inline constexpr std::string_view kQueue = "queue";        // a job may be taken
inline constexpr std::string_view kLight = "queue:light";  // and it is light
inline constexpr std::string_view kOutbox = "outbox";      // a webhook may be sent
std::string job(std::string_view id);                      // the state of this one; "": of each
std::string progress(std::string_view job_id);             // how far it is: JSON in each message
std::string pieces(std::string_view job_id);               // those of a job that is split
/// The id in a job's topic, or in its progress's; "" in others.
std::string_view job_in(std::string_view topic);
}  // namespace topic

/// Wakes those who wait for something, and nobody else. What is told here is not stored: whoever
/// hears of a state looks into the database. Safe from any thread.
class Changes {
public:
    struct Message {
        std::string topic;  // "": another process has changed something
        std::string text;
    };

    static constexpr std::size_t kMostNews = 100;

    /// Somebody who listens, for as long as it lives.
    class Subscription {
    public:
        ~Subscription();
        Subscription(const Subscription&) = delete;
        Subscription& operator=(const Subscription&) = delete;

        bool has_news() const;
        /// What came since the last time, at most the latest kMostNews.
        std::vector<Message> take();
        /// Waits until there is something, for at most so long, or for a stop. Whether there is.
        bool wait(std::chrono::milliseconds timeout, const std::stop_token& stop);

    private:
        friend class Changes;
        Subscription(Changes& changes, std::vector<std::string> topics, std::function<void()> wake)
            : changes_(changes), topics_(std::move(topics)), wake_(std::move(wake)) {}
        void hear(std::string_view topic, const std::string& text);

        Changes& changes_;
        const std::vector<std::string> topics_;
        const std::function<void()> wake_;
        mutable Mutex mutex_;
        std::condition_variable_any changed_;
        std::vector<Message> news_ GUARDED_BY(mutex_);
    };

    /// Hears of all that is told here, to carry it to other processes. It must not wait.
    using Relay = std::function<void(std::string_view topic, const std::string& text)>;

    explicit Changes(Relay relay = {}) : relay_(std::move(relay)) {}
    Changes(const Changes&) = delete;
    Changes& operator=(const Changes&) = delete;
    ~Changes() = default;

    /// Everything that is told of these topics from now on; of `job("")` that is what is told of
    /// any job, and of `progress("")` likewise. `wake` is called with each message, on the thread
    /// that tells it: it must not wait, and not call back. This outlives all of them.
    std::unique_ptr<Subscription> subscribe(
        std::vector<std::string> topics, std::function<void()> wake = {}
    );

    void tell(std::string_view topic, const std::string& text = "");

    /// What another process has told.
    void tell_here(std::string_view topic, const std::string& text);

    /// Another process has changed something, who knows what: everybody looks.
    void tell_all();

private:
    const Relay relay_;
    Mutex mutex_;
    std::multimap<std::string, Subscription*, std::less<>> listeners_ GUARDED_BY(mutex_);
};

}  // namespace ittybit::store
