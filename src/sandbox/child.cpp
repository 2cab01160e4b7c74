#include "sandbox/child.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/disk.h"
#include "sandbox/process_facts.h"
#include "sandbox/wire.h"

namespace ittybit::sandbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kTick = 50ms;                 // how often limits and stop requests are looked at
constexpr auto kUsageInterval = 500ms;       // how often the folder is counted
constexpr auto kStartTimeout = 20s;          // for a child to wall itself in, on a busy machine
constexpr auto kGoneTimeout = 5s;            // for the kernel to end a killed process
constexpr double kMessagesPerSecond = 2000;  // a child has no reason to say more
constexpr double kMessageBurst = 20000;
constexpr std::int64_t kMostFiles = 200000;
constexpr std::size_t kLongestLog = 65536;

Error crashed(std::string message) {
    return {"task_crashed", std::move(message), ""};
}

Error over(std::string name, double value, std::string_view what) {
    Error error{"limit_exceeded", fmt::format("the media needs more {} than allowed", what), ""};
    error.limit = LimitReached{std::move(name), value};
    return error;
}

/// Waits until the descriptor has something to read or its other end is gone.
bool wait_readable(int descriptor, std::chrono::milliseconds timeout) {
    pollfd watched{descriptor, POLLIN, 0};
    return ::poll(&watched, 1, static_cast<int>(timeout.count())) > 0;
}

/// The input as a file of its own to the child: read-only, with its own position.
Result<Fd> open_again(int input) {
    const auto path = fmt::format("/proc/self/fd/{}", input);
    Fd again(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    struct stat facts{};
    if (!again || ::fstat(again.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return Error{"internal_error", "the input is not a file that can be read", "input"};
    }
    return again;
}

Error error_of(const Death& death) {
    if (death.signal == SIGSYS) {
        return crashed("the media process was ended: it made a forbidden system call (SIGSYS)");
    }
    if (death.signal != 0) {
        const char* name = ::sigabbrev_np(death.signal);
        return crashed(fmt::format(
            "the media process was ended by SIG{}; the input may be broken or made to do harm",
            name != nullptr ? name : "?"
        ));
    }
    return crashed("the media process ended without a result");
}

}  // namespace

Child::Child(Workspace workspace, Fd socket, Fd fate, Fd log, std::int64_t keep_free)
    : workspace_(std::move(workspace)),
      socket_(std::move(socket)),
      fate_(std::move(fate)),
      log_(std::move(log)),
      keep_free_(keep_free) {}

Child::~Child() {
    kill();
}

bool Child::meet_process() {
    if (!wait_readable(fate_.get(), kStartTimeout)) return false;
    auto message = receive_message(fate_.get());
    const auto birth = decode_line<Birth>(message.text);
    if (!birth || message.descriptors.empty()) return false;
    pid_ = birth->pid;
    process_ = std::move(message.descriptors.front());
    return true;
}

Result<> Child::wait_until_walled() {
    if (!meet_process()) {
        is_over_ = true;
        return crashed("no media process was made");
    }
    const auto deadline = steady_clock::now() + kStartTimeout;
    while (steady_clock::now() < deadline) {
        if (const auto line = socket_.next_line()) {
            layers_ = TRY(decode_line<Layers>(*line));
            return {};
        }
        if (!wait_readable(socket_.get(), kTick)) continue;
        if (TRY(socket_.receive()) == LineReader::Received::kEnd) return death();
    }
    return crashed("the media process did not start in time");
}

Result<> Child::assign(const Assignment& assignment, int input) {
    const Fd again = TRY(open_again(input));
    limits_ = assignment.limits;
    message_budget_ = kMessageBurst;
    started_ = last_progress_ = last_told_ = last_check_ = last_usage_check_ = steady_clock::now();
    if (!send_all(socket_.get(), encode_line(assignment), again.get())) return death();
    return {};
}

Result<std::optional<Event>> Child::next_event(const std::stop_token& stop, int wake) {
    // What the caller did since the last event, an upload say, took its own time.
    last_progress_ += steady_clock::now() - last_told_;
    auto event = wait_for_event(stop, wake);
    last_told_ = steady_clock::now();
    return event;
}

Result<std::optional<Event>> Child::wait_for_event(const std::stop_token& stop, int wake) {
    for (;;) {
        if (stop.stop_requested()) {
            kill();
            return Error{"cancelled", "the work was cancelled", ""};
        }
        if (auto error = check_limits()) {
            kill();
            return *std::move(error);
        }
        if (const auto line = socket_.next_line()) return take_event(*line);
        drain_log();
        std::array<pollfd, 2> watched{{{socket_.get(), POLLIN, 0}, {wake, POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), static_cast<int>(kTick.count()));
        if (watched[1].revents != 0) return std::optional<Event>();
        if (watched[0].revents == 0) continue;
        auto received = socket_.receive();
        if (!received) {
            kill();
            return std::move(received).error();
        }
        if (*received == LineReader::Received::kEnd) return death();
    }
}

Result<std::optional<Event>> Child::take_event(const std::string& line) {
    message_budget_ -= 1;
    auto event = decode_event(line);
    if (event && message_budget_ < 0) event = crashed("the media process sends too many messages");
    if (event && is_waiting_ && std::holds_alternative<Need>(*event)) {
        event = crashed("the media process asks twice at once");
    }
    if (!event) {
        kill();
        return std::move(event).error();
    }
    is_waiting_ = is_waiting_ || std::holds_alternative<Need>(*event);
    if (!is_waiting_) last_progress_ = steady_clock::now();
    return std::optional<Event>(*std::move(event));
}

Result<> Child::reply(const Reply& reply) {
    is_waiting_ = false;
    last_progress_ = steady_clock::now();
    if (!send_all(socket_.get(), encode_line(reply))) return death();
    return {};
}

std::optional<Error> Child::check_limits() {
    const auto now = steady_clock::now();
    if (now - last_check_ < kTick) return std::nullopt;
    const std::chrono::duration<double> passed = now - last_check_;
    last_check_ = now;
    message_budget_ =
        std::min(kMessageBurst, message_budget_ + passed.count() * kMessagesPerSecond);
    if (now - started_ > std::chrono::duration<double>(limits_.wall_seconds)) {
        Error error{"task_timeout", "the work took longer than allowed in all", ""};
        error.limit = LimitReached{"wall_seconds", limits_.wall_seconds};
        return error;
    }
    if (!is_waiting_ &&
        now - last_progress_ > std::chrono::duration<double>(limits_.idle_seconds)) {
        Error error{"task_timeout", "the work made no progress for too long", ""};
        error.limit = LimitReached{"idle_seconds", limits_.idle_seconds};
        return error;
    }
    if (const auto facts = process_facts(pid_)) {
        peak_memory_ = std::max(peak_memory_, facts->resident_bytes);
        if (facts->resident_bytes > limits_.memory_bytes) {
            return over("memory_bytes", static_cast<double>(limits_.memory_bytes), "memory");
        }
        if (facts->threads > limits_.threads) return over("threads", limits_.threads, "threads");
    }
    if (now - last_usage_check_ < kUsageInterval) return std::nullopt;
    last_usage_check_ = now;
    return check_usage();
}

std::optional<Error> Child::check_usage() {
    const auto usage = workspace_.usage();
    if (usage.bytes > limits_.output_bytes) {
        return over("output_bytes", static_cast<double>(limits_.output_bytes), "output bytes");
    }
    if (room_on_disk(workspace_.path(), keep_free_) < 0) {
        return Error{"disk_full", "there is hardly any disk left; free some space", ""};
    }
    if (usage.files > kMostFiles) return over("files", kMostFiles, "output files");
    return std::nullopt;
}

Error Child::death() {
    constexpr auto kNaturalEnd = 500ms;  // it may close its socket and live on
    Error error = crashed("the media process and its parent are gone");
    if (wait_readable(fate_.get(), kNaturalEnd)) {
        const auto message = receive_message(fate_.get());
        if (const auto death = decode_line<Death>(message.text)) error = error_of(*death);
        is_over_ = true;
    } else {
        error = crashed("the media process broke off the conversation");
    }
    kill();
    return error;
}

void Child::kill() {
    if (is_over_ && !process_) return;
    if (!process_ && !meet_process()) return void(is_over_ = true);
    ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
    // Reaped by the zygote, which then says so; or it is gone too, and the pidfd tells.
    if (!is_over_) wait_readable(fate_.get(), kGoneTimeout);
    wait_readable(process_.get(), kGoneTimeout);
    drain_log();
    is_over_ = true;
    process_.reset();
}

std::string Child::diagnostics() {
    drain_log();
    return diagnostics_;
}

void Child::drain_log() {
    std::array<char, 4096> bytes{};
    while (log_ && diagnostics_.size() < kLongestLog) {
        const auto count = ::read(log_.get(), bytes.data(), bytes.size());
        if (count <= 0) return;
        diagnostics_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    log_.reset();  // enough: what it writes from now on is lost
}

}  // namespace ittybit::sandbox
