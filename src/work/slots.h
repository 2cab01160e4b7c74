#pragma once

#include <condition_variable>
#include <stop_token>

#include "base/thread_safety.h"

namespace ittybit::work {

/// How many jobs are worked on at once, and how many more may wait for slow inputs beside them. Who
/// waits for bytes lends its slot to others, and comes back before new work is begun.
class Slots {
public:
    Slots(int slots, int waiting) : free_(slots), may_wait_(waiting) {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;
    ~Slots() = default;

    /// A slot as long as it lives, unless it was lent.
    class Hold {
    public:
        explicit Hold(Slots& slots) : slots_(slots) {}
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold();

        /// Waits for a free slot, behind those that come back. False when stopped.
        bool take(const std::stop_token& stop);
        /// Lends it to others. Nothing happens where too many have done so.
        void lend();
        /// Waits for a slot again; returns without one when stopped.
        void take_back(const std::stop_token& stop);

        /// Whether another slot has nothing to do at the moment.
        bool has_idle_neighbour() const;

    private:
        enum class State { kNone, kHeld, kLent };
        Slots& slots_;
        State state_ = State::kNone;
    };

    /// Its holder has nothing to do, for as long as it lives.
    class Idle {
    public:
        explicit Idle(Slots& slots);
        Idle(const Idle&) = delete;
        Idle& operator=(const Idle&) = delete;
        ~Idle();

    private:
        Slots& slots_;
    };

    /// Requested while somebody wants a slot back: who holds one without work should let it go.
    std::stop_token wanted() const;

private:
    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    int free_ GUARDED_BY(mutex_);
    int may_wait_ GUARDED_BY(mutex_);
    int idle_ GUARDED_BY(mutex_) = 0;
    int coming_back_ GUARDED_BY(mutex_) = 0;
    std::stop_source wanted_ GUARDED_BY(mutex_);
};

}  // namespace ittybit::work
