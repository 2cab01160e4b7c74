#include "sandbox/zygote.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/wire.h"

namespace ittybit::sandbox {
namespace {

constexpr int kStartTimeoutMs = 30000;
constexpr int kLeaveTimeoutMs = 2000;

Error broken(std::string message) {
    return {ErrorKind::kInternalError, std::move(message), ""};
}

Error broken_by_system(std::string_view what) {
    return broken(std::string(what) + ": " + std::system_category().message(errno));
}

struct Pair {
    Fd ours;
    Fd theirs;
};

Result<Pair> make_pair(int type) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return broken_by_system("no socket for a media process");
    }
    return Pair{Fd(ends[0]), Fd(ends[1])};
}

Result<Pair> make_log_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return broken_by_system("no pipe for a media process");
    }
    Pair pair{Fd(ends[0]), Fd(ends[1])};
    // Only our end: a child that has filled the pipe shall wait, not lose its assignment's log.
    ::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK);
    return pair;
}

Result<> check_descriptors() {
    constexpr rlim_t kFewest = 128;
    rlimit allowed{};
    if (::getrlimit(RLIMIT_NOFILE, &allowed) != 0 || allowed.rlim_cur >= kFewest) return {};
    return broken(fmt::format(
        "only {} open files are allowed; allow 1024 or more (ulimit -n, LimitNOFILE=, nofile)",
        allowed.rlim_cur
    ));
}

/// The two halves of a spawn request, released whatever happens.
struct Spawn {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    Spawn() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;
    ~Spawn() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
};

/// Nothing of our environment, which may hold secrets; but sanitizers are steered by theirs.
std::vector<std::string> media_environment() {
    // Libraries put large pictures into TMPDIR: each child's own folder is the only one it has.
    std::vector<std::string> environment{"TMPDIR=.", "LC_ALL=C.UTF-8"};
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (text.substr(0, text.find('=')).ends_with("SAN_OPTIONS")) environment.emplace_back(text);
    }
    return environment;
}

/// In a session of its own, so that Ctrl-C reaches us first; with the control socket and our
/// standard error, for the loader's complaints.
Result<int> spawn(const std::filesystem::path& program, int control) {
    Spawn request;
    // A duplicate first: dup2 onto itself would keep close-on-exec.
    const Fd high(::fcntl(control, F_DUPFD_CLOEXEC, 64));
    auto* actions = &request.actions;
    ::posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(actions, high.get(), kControlSocket);
    ::posix_spawn_file_actions_addclosefrom_np(actions, kControlSocket + 1);
    sigset_t all{};
    sigset_t none{};
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&request.attributes, &all);
    ::posix_spawnattr_setsigmask(&request.attributes, &none);
    constexpr int kFlags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    ::posix_spawnattr_setflags(&request.attributes, static_cast<short>(kFlags));
    auto environment = media_environment();
    std::vector<char*> variables;
    for (auto& variable : environment) variables.push_back(variable.data());
    variables.push_back(nullptr);
    std::string name = program.string();
    std::array<char*, 2> arguments{name.data(), nullptr};
    pid_t pid = -1;
    errno = ::posix_spawn(
        &pid, name.c_str(), actions, &request.attributes, arguments.data(), variables.data()
    );
    if (errno == 0) return pid;
    return broken_by_system(
        "ittybit-media cannot be started; it must lie beside ittybit, from the same build"
    );
}

bool is_readable(int descriptor, int timeout_ms) {
    pollfd watched{descriptor, POLLIN, 0};
    return ::poll(&watched, 1, timeout_ms) > 0;
}

bool is_hung_up(int descriptor) {
    pollfd watched{descriptor, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

/// One process. Its children keep it, since it reaps them and they would die with it.
struct Zygote::Process {
    Process(Fd socket, int number) : control(std::move(socket)), pid(number) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        control.reset();  // which it takes as the order to leave
        const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (!process || !is_readable(process.get(), kLeaveTimeoutMs)) ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }

    /// Waits until its libraries are loaded.
    Result<> greet() {
        if (is_greeted) return {};
        const auto answer = is_readable(control.get(), kStartTimeoutMs)
                                ? receive_message(control.get())
                                : Message{"", {}, true};
        const auto greeting = decode_line<Greeting>(answer.text);
        if (answer.is_end || !greeting) {
            return broken("ittybit-media ended at once; install both programs again");
        }
        if (!greeting->problem.empty()) {
            return broken("ittybit-media cannot be used: " + greeting->problem);
        }
        is_greeted = true;
        return {};
    }

    Fd control;
    const int pid;
    bool is_greeted = false;
    int children = 0;  // born so far
};

Zygote::Zygote(Options options) : options_(std::move(options)) {}

Zygote::~Zygote() {
    const MutexLock lock(mutex_);
    spare_.reset();
}

int Zygote::pid() const {
    const MutexLock lock(mutex_);
    return current_ ? current_->pid : -1;
}

Result<> Zygote::start() {
    const MutexLock lock(mutex_);
    return ensure_started();
}

Result<std::shared_ptr<Zygote::Process>> Zygote::launch() const {
    TRY(check_descriptors());
    ::prctl(PR_SET_DUMPABLE, 0);
    Pair control = TRY(make_pair(SOCK_SEQPACKET));
    constexpr timeval kPatience{kStartTimeoutMs / 1000, 0};  // also with one that was stopped
    ::setsockopt(control.ours.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    const int pid = TRY(spawn(options_.program, control.theirs.get()));
    auto process = std::make_shared<Process>(std::move(control.ours), pid);
    const Hello hello{build_id(), options_.limits.output_bytes, options_.left_out};
    if (send_message(process->control.get(), encode_line(hello))) return process;
    return broken("ittybit-media ended at once; install both programs again");
}

Result<> Zygote::ensure_started() {
    if (!current_) current_ = TRY(launch());
    return {};
}

Result<> Zygote::ensure_greeted() {
    TRY(ensure_started());
    auto greeted = current_->greet();
    if (!greeted) current_.reset();
    return greeted;
}

/// The next process loads its libraries while the current one goes on: nobody waits.
void Zygote::renew_in_time() {
    if (current_->children < options_.children_each) return;
    if (!next_) {
        if (auto started = launch()) next_ = *std::move(started);
    }
    if (!next_ || !is_readable(next_->control.get(), 0)) return;
    if (next_->greet()) current_ = next_;
    next_.reset();
}

Result<std::unique_ptr<Child>> Zygote::request_child() {
    TRY(ensure_greeted());
    renew_in_time();
    Workspace workspace = TRY(Workspace::make(options_.scratch));
    Pair socket = TRY(make_pair(SOCK_STREAM));
    // Only our end: there may be nothing to read where the kernel says so (an urgent byte).
    ::fcntl(socket.ours.get(), F_SETFL, O_NONBLOCK);
    Pair fate = TRY(make_pair(SOCK_SEQPACKET));
    Pair log = TRY(make_log_pipe());
    std::array<int, kBirthDescriptors> descriptors{};
    descriptors[kFolder] = workspace.descriptor();
    descriptors[kSocket] = socket.theirs.get();
    descriptors[kFate] = fate.theirs.get();
    descriptors[kLog] = log.theirs.get();
    if (!send_message(current_->control.get(), "child", descriptors)) {
        current_.reset();  // it died since the last child; the next attempt starts another
        return broken("the media process ended unexpectedly");
    }
    ++current_->children;
    return std::unique_ptr<Child>(new Child(
        current_, std::move(workspace), std::move(socket.ours), std::move(fate.ours),
        std::move(log.ours), options_.keep_free
    ));
}

Result<std::unique_ptr<Child>> Zygote::take_spare_or_new() {
    const MutexLock lock(mutex_);
    if (spare_) return std::move(spare_);
    return request_child();
}

void Zygote::prepare_spare() {
    const MutexLock lock(mutex_);
    if (spare_ || !options_.keeps_spare) return;
    auto child = request_child();
    if (child) spare_ = *std::move(child);
    // Else the next take() runs into the same trouble and reports it.
}

Result<std::unique_ptr<Child>> Zygote::take_walled() {
    auto child = TRY(take_spare_or_new());
    TRY(child->wait_until_walled());
    return child;
}

Result<std::unique_ptr<Child>> Zygote::take() {
    auto child = take_walled();
    if (!child && child.error().kind != ErrorKind::kDiskFull) {
        // The zygote or the spare may have died since the last use: a fresh one serves.
        forget_dead();
        child = take_walled();
    }
    if (child) prepare_spare();
    return child;
}

void Zygote::forget_dead() {
    const MutexLock lock(mutex_);
    spare_.reset();
    if (!current_ || !is_hung_up(current_->control.get())) return;
    log::warn("the media process ended unexpectedly; starting another");
    current_.reset();
}

Result<Layers> Zygote::layers() {
    const auto child = TRY(take());
    return child->layers();
}

std::filesystem::path media_program() {
    if (const char* chosen = std::getenv("ITTYBIT_MEDIA_PROGRAM")) return chosen;
    std::error_code code;
    return std::filesystem::read_symlink("/proc/self/exe", code).parent_path() / "ittybit-media";
}

}  // namespace ittybit::sandbox
