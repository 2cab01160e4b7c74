#include "cli/interrupt.h"

#include <array>
#include <csignal>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace ittybit::cli {

Interrupt::Interrupt() {
    struct sigaction inherited{};
    ::sigaction(SIGHUP, nullptr, &inherited);
    keeps_hang_ups_ = inherited.sa_handler == SIG_IGN;  // nohup
    sigset_t wanted{};
    ::sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&wanted, number);
    ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals_ = Fd(::signalfd(-1, &wanted, SFD_CLOEXEC));
    leave_ = Fd(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { wait(); });
}

Interrupt::~Interrupt() {
    const std::uint64_t one = 1;
    if (::write(leave_.get(), &one, sizeof one) > 0) thread_.join();
}

void Interrupt::keep_hang_ups() {
    const MutexLock lock(mutex_);
    keeps_hang_ups_ = true;
}

void Interrupt::on_hang_up(std::function<void()> act) {
    const MutexLock lock(mutex_);
    on_hang_up_ = std::move(act);
    if (on_hang_up_ && std::exchange(has_kept_, false)) on_hang_up_();
}

/// Takes one signal. Whether it wants us to stop.
bool Interrupt::stops_at_signal() {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return true;
    const MutexLock lock(mutex_);
    if (signal.ssi_signo != SIGHUP) return true;
    if (on_hang_up_) {
        on_hang_up_();
    } else {
        has_kept_ = true;
    }
    return !on_hang_up_ && !keeps_hang_ups_;
}

void Interrupt::wait() {
    std::array<pollfd, 2> watched{{{signals_.get(), POLLIN, 0}, {leave_.get(), POLLIN, 0}}};
    for (;;) {
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;  // EINTR
        if (watched[1].revents != 0) return;
        if (stops_at_signal()) break;
    }
    stop_.request_stop();
}

}  // namespace ittybit::cli
