#include "sandbox/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/passing.h"
#include "sandbox/wire.h"

namespace ittybit::sandbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kTick = 50ms;
constexpr auto kStartTimeout = 20s;          // for a child to wall itself in, on a busy machine
constexpr auto kGoneTimeout = 5s;            // for the kernel to end a killed process
constexpr double kMessagesPerSecond = 2000;  // a child has no reason to say more
constexpr double kMessageBurst = 20000;
constexpr std::size_t kLongestLog = 65536;

static_assert(kMostInputs <= kMostDescriptors);

Error crashed(std::string message) {
    return {ErrorKind::kTaskCrashed, std::move(message), ""};
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
        return Error{
            ErrorKind::kInternalError, "the input is not a file that can be read", "input"
        };
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

Child::Child(
    std::shared_ptr<void> zygote,
    Workspace workspace,
    Fd socket,
    Fd fate,
    Fd log,
    std::int64_t keep_free
)
    : zygote_(std::move(zygote)),
      workspace_(std::move(workspace)),
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

Result<> Child::assign(
    const Assignment& assignment, std::span<const int> inputs, const std::stop_token& stop
) {
    if (inputs.size() > kMostInputs) {
        return Error{ErrorKind::kInternalError, "more inputs than one child takes", ""};
    }
    std::vector<Fd> again;
    std::vector<int> numbers;
    for (const int input : inputs) {
        again.push_back(TRY(open_again(input)));
        numbers.push_back(again.back().get());
    }
    message_budget_ = kMessageBurst;
    last_message_ = steady_clock::now();
    watchdog_ = std::make_unique<Watchdog>(
        Watchdog::Watched{pid_, process_.get(), workspace_, keep_free_, assignment.limits}, stop
    );
    return send(encode_line(assignment), numbers);
}

/// At once or not at all: a child that does not read what it is told shall not hold us up.
Result<> Child::send(std::string_view text, std::span<const int> descriptors) {
    if (send_now(socket_.get(), text, descriptors)) return {};
    if (errno != EAGAIN && errno != EWOULDBLOCK) return death();
    return end(crashed("the media process does not read what it asked for"));
}

Result<std::optional<Event>> Child::next_event(int wake) {
    if (!is_waiting_) watchdog_->expect_progress();
    auto event = wait_for_event(wake);
    if (watchdog_) watchdog_->rest();
    return event;
}

Result<std::optional<Event>> Child::wait_for_event(int wake) {
    for (;;) {
        if (auto error = watchdog_->verdict()) return end(*std::move(error));
        if (const auto line = socket_.next_line()) return take_event(*line);
        drain_log();
        std::array<pollfd, 4> watched{{
            {socket_.get(), POLLIN, 0},
            {wake, POLLIN, 0},
            {watchdog_->alarm(), POLLIN, 0},
            {log_.get(), POLLIN, 0},
        }};
        ::poll(watched.data(), watched.size(), -1);
        if (watched[1].revents != 0) return std::optional<Event>();
        if (watched[0].revents == 0) continue;
        auto received = socket_.receive();
        if (!received) return end(std::move(received).error());
        if (*received == LineReader::Received::kEnd) return death();
    }
}

/// Whether the child may say so much: a bound on how often, with patience for a burst.
bool Child::may_speak() {
    const auto now = steady_clock::now();
    const std::chrono::duration<double> passed = now - last_message_;
    last_message_ = now;
    message_budget_ =
        std::min(kMessageBurst, message_budget_ + passed.count() * kMessagesPerSecond) - 1;
    return message_budget_ >= 0;
}

Result<std::optional<Event>> Child::take_event(const std::string& line) {
    if (!may_speak()) return end(crashed("the media process sends too many messages"));
    auto event = decode_event(line);
    if (!event) return end(std::move(event).error());
    const bool is_need = std::holds_alternative<Need>(*event);
    if (is_need && is_waiting_) return end(crashed("the media process asks twice at once"));
    is_waiting_ = is_waiting_ || is_need;
    return std::optional<Event>(*std::move(event));
}

Result<> Child::reply(const Reply& reply) {
    is_waiting_ = false;
    return send(encode_line(reply));
}

Error Child::end(Error why) {
    kill();
    return why;
}

Error Child::death() {
    constexpr auto kNaturalEnd = 500ms;  // it may close its socket and live on
    if (auto verdict = watchdog_ ? watchdog_->verdict() : std::nullopt) return end(*verdict);
    Error error = crashed("the media process and its parent are gone");
    if (wait_readable(fate_.get(), kNaturalEnd)) {
        const auto message = receive_message(fate_.get());
        if (const auto death = decode_line<Death>(message.text)) error = error_of(*death);
        is_over_ = true;
    } else {
        error = crashed("the media process broke off the conversation");
    }
    return end(std::move(error));
}

void Child::kill() {
    watchdog_.reset();
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
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) break;
        diagnostics_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    log_.reset();  // it ended, or this is enough: what is written from now on is lost
}

}  // namespace ittybit::sandbox
