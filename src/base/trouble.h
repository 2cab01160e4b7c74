#pragma once

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/pause.h"
#include "base/result.h"
#include "base/thread_safety.h"

namespace ittybit {

/// An error that may repeat: said at once and then every few seconds, however many threads run into
/// it, and waited for longer each time. Whoever goes on after it must not be woken sooner. Safe
/// from any thread.
class Trouble {
public:
    using Steady = std::chrono::steady_clock;
    using Milliseconds = std::chrono::milliseconds;

    static constexpr Milliseconds kFirstWait{500};
    static constexpr Milliseconds kLongestWait{15'000};
    static constexpr Milliseconds kSayEvery{5'000};

    /// `message` is what the log says.
    explicit Trouble(std::string_view message, Milliseconds first_wait = kFirstWait)
        : message_(message), first_wait_(first_wait) {}

    /// Notes an error. How long to wait before the next try.
    Milliseconds note(const Error& error, Steady::time_point now = Steady::now()) {
        const MutexLock lock(mutex_);
        error_ = error.message;
        if (now >= say_at_) {
            say_at_ = now + kSayEvery;
            log::error(message_, {{"error", error.message}});
        }
        // Those who fail together wait alike: only a wait that is over doubles the next.
        if (now >= grow_at_) {
            wait_ = wait_ == Milliseconds(0) ? first_wait_ : std::min(wait_ * 2, kLongestWait);
            grow_at_ = now + wait_;
        }
        return wait_;
    }

    /// It went well again.
    void end() {
        const MutexLock lock(mutex_);
        wait_ = Milliseconds(0);
        grow_at_ = {};
        error_.clear();
    }

    /// The error that stands; "" when there is none.
    std::string standing() const {
        const MutexLock lock(mutex_);
        return error_;
    }

private:
    const std::string_view message_;
    const Milliseconds first_wait_;
    mutable Mutex mutex_;
    std::string error_ GUARDED_BY(mutex_);
    Milliseconds wait_ GUARDED_BY(mutex_){0};
    Steady::time_point grow_at_ GUARDED_BY(mutex_){};
    Steady::time_point say_at_ GUARDED_BY(mutex_){};
};

/// Does a round every so often until it is stopped; after one that fails, ever later. `failing` is
/// what the log then says.
template <typename Round>
void do_rounds(
    const std::stop_token& stop,
    std::chrono::milliseconds every,
    std::string_view failing,
    const Round& round
) {
    Trouble trouble(failing);
    while (!stop.stop_requested()) {
        auto wait = every;
        if (const auto done = round(); !done) {
            wait = std::max(wait, trouble.note(done.error()));
        } else {
            trouble.end();
        }
        pause(stop, wait);
    }
}

}  // namespace ittybit
