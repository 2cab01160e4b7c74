#include "sandbox/watchdog.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/disk.h"
#include "sandbox/process_facts.h"

namespace ittybit::sandbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kLongestLook = 50ms;  // how often limits are looked at
constexpr auto kShortestLook = 2ms;
constexpr auto kStoodStill = 2s;  // between two looks: we were stopped, and nobody listened
constexpr std::int64_t kDiskSpeed = 2'000'000;  // bytes a millisecond that a child may well write
constexpr auto kLongestCount = 500ms;           // how often the folder is counted,
constexpr int kCountShare = 20;                 // and at most so small a part of the time
constexpr std::int64_t kMostFiles = 200'000;

bool has_ended(int process) {
    pollfd watched{process, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0;
}

Error over(std::string name, double value, std::string_view what) {
    Error error{
        ErrorKind::kLimitExceeded, fmt::format("the media needs more {} than allowed", what), ""
    };
    error.limit = LimitReached{std::move(name), value};
    return error;
}

Error too_long(std::string name, double seconds, std::string_view why) {
    Error error{ErrorKind::kTaskTimeout, fmt::format("the work {}", why), ""};
    error.limit = LimitReached{std::move(name), seconds};
    return error;
}

}  // namespace

Watchdog::Watchdog(Watched child, const std::stop_token& stop)
    : child_(std::move(child)),
      alarm_(::eventfd(0, EFD_CLOEXEC)),
      stop_(stop),
      started_(steady_clock::now()),
      next_count_(started_),
      wake_(
          stop,
          [this] {
              const MutexLock lock(mutex_);
              changed_.notify_all();
          }
      ),
      thread_([this](const std::stop_token& over) { watch(over); }) {}

void Watchdog::expect_progress() {
    const MutexLock lock(mutex_);
    idle_since_ = steady_clock::now();
}

void Watchdog::rest() {
    const MutexLock lock(mutex_);
    idle_since_.reset();
}

std::optional<Error> Watchdog::verdict() const {
    const MutexLock lock(mutex_);
    return verdict_;
}

void Watchdog::watch(const std::stop_token& over) {
    auto looked = started_;  // also where this thread began late
    while (!over.stop_requested()) {
        const auto now = steady_clock::now();
        if (now - std::exchange(looked, now) > kStoodStill) listen_anew();
        if (auto error = judge(now)) return end(*std::move(error));
        MutexLock lock(mutex_);
        changed_.wait_for(lock, over, next_look(), [this] { return stop_.stop_requested(); });
    }
}

/// After a pause of our own (Ctrl-Z, a frozen container), in which a child may have been stopped
/// too.
void Watchdog::listen_anew() {
    const MutexLock lock(mutex_);
    if (idle_since_) idle_since_ = steady_clock::now();
}

/// Never longer than a fast disk needs to fill what is left.
milliseconds Watchdog::next_look() const {
    return std::clamp<milliseconds>(
        milliseconds(headroom_ / kDiskSpeed), kShortestLook, kLongestLook
    );
}

void Watchdog::end(Error verdict) {
    const MutexLock lock(mutex_);
    verdict_ = std::move(verdict);
    ::syscall(SYS_pidfd_send_signal, child_.process, SIGKILL, nullptr, 0);
    ::eventfd_write(alarm_.get(), 1);
}

/// `now` is when this look began: if we are stopped during it, the next one knows.
std::optional<Error> Watchdog::judge(Instant now) {
    if (stop_.stop_requested()) return Error{ErrorKind::kCancelled, "the work was cancelled", ""};
    if (has_ended(child_.process)) return std::nullopt;  // it uses nothing more
    if (auto error = judge_time(now)) return error;
    if (auto error = judge_process()) return error;
    return judge_disk(now);
}

std::optional<Error> Watchdog::judge_time(Instant now) const {
    using Seconds = std::chrono::duration<double>;
    const auto& limits = child_.limits;
    if (now - started_ > Seconds(limits.wall_seconds)) {
        return too_long("wall_seconds", limits.wall_seconds, "took longer than allowed in all");
    }
    const MutexLock lock(mutex_);
    if (!idle_since_ || now - *idle_since_ <= Seconds(limits.idle_seconds)) return std::nullopt;
    return too_long("idle_seconds", limits.idle_seconds, "made no progress for too long");
}

std::optional<Error> Watchdog::judge_process() const {
    const auto facts = process_facts(child_.pid);
    if (!facts) return std::nullopt;
    const auto& limits = child_.limits;
    if (facts->resident_bytes > limits.memory_bytes) {
        return over("memory_bytes", static_cast<double>(limits.memory_bytes), "memory");
    }
    if (facts->threads > limits.threads) return over("threads", limits.threads, "threads");
    return std::nullopt;
}

/// The folder's files have names as long as they are open: a child may neither remove nor rename
/// one, nor make one without (sandbox/system_calls).
std::optional<Error> Watchdog::judge_disk(Instant now) {
    const auto& limits = child_.limits;
    if (now >= next_count_) {
        const auto usage = child_.folder.usage();
        const auto counted = steady_clock::now();
        const auto took = duration_cast<milliseconds>(counted - now);
        next_count_ = counted + std::min<milliseconds>(kCountShare * took, kLongestCount);
        used_ = usage.bytes;
        if (usage.files > kMostFiles) return over("files", kMostFiles, "output files");
    }
    if (used_ > limits.output_bytes) {
        return over("output_bytes", static_cast<double>(limits.output_bytes), "output bytes");
    }
    const auto room = room_on_disk(child_.folder.path(), child_.keep_free);
    headroom_ = std::clamp<std::int64_t>(room, 0, limits.output_bytes - used_);
    if (room >= 0) return std::nullopt;
    return Error{ErrorKind::kDiskFull, "there is hardly any disk left; free some space", ""};
}

}  // namespace ittybit::sandbox
