#include "work/slots.h"

namespace ittybit::work {

Slots::Hold::~Hold() {
    const MutexLock lock(slots_.mutex_);
    if (state_ == State::kHeld) ++slots_.free_;
    if (state_ == State::kLent) ++slots_.may_wait_;
    slots_.changed_.notify_all();
}

bool Slots::Hold::take(const std::stop_token& stop) {
    MutexLock lock(slots_.mutex_);
    const bool is_free = slots_.changed_.wait(lock, stop, [this]() REQUIRES(slots_.mutex_) {
        return slots_.free_ > 0 && slots_.coming_back_ == 0;
    });
    if (!is_free) return false;
    --slots_.free_;
    state_ = State::kHeld;
    return true;
}

void Slots::Hold::lend() {
    const MutexLock lock(slots_.mutex_);
    if (state_ != State::kHeld || slots_.may_wait_ == 0) return;
    --slots_.may_wait_;
    ++slots_.free_;
    state_ = State::kLent;
    slots_.changed_.notify_all();
}

void Slots::Hold::take_back(const std::stop_token& stop) {
    MutexLock lock(slots_.mutex_);
    if (state_ != State::kLent) return;
    ++slots_.coming_back_;
    slots_.wanted_.request_stop();
    const bool is_free = slots_.changed_.wait(lock, stop, [this]() REQUIRES(slots_.mutex_) {
        return slots_.free_ > 0;
    });
    if (--slots_.coming_back_ == 0) slots_.wanted_ = std::stop_source();
    slots_.changed_.notify_all();
    if (!is_free) return;
    --slots_.free_;
    ++slots_.may_wait_;
    state_ = State::kHeld;
}

bool Slots::Hold::has_idle_neighbour() const {
    const MutexLock lock(slots_.mutex_);
    return slots_.free_ + slots_.idle_ > 0;
}

Slots::Idle::Idle(Slots& slots) : slots_(slots) {
    const MutexLock lock(slots_.mutex_);
    ++slots_.idle_;
}

Slots::Idle::~Idle() {
    const MutexLock lock(slots_.mutex_);
    --slots_.idle_;
}

std::stop_token Slots::wanted() const {
    const MutexLock lock(mutex_);
    return wanted_.get_token();
}

}  // namespace ittybit::work
