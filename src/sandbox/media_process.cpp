#include "sandbox/media_process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/child_source.h"
#include "sandbox/line_reader.h"
#include "sandbox/walls.h"
#include "sandbox/wire.h"
#include "sandbox/zygote.h"

namespace ittybit::sandbox {
namespace {

// A child's descriptors, after it has put them in their places.
constexpr int kChildSocket = 3;
constexpr int kChildFolder = 4;
constexpr int kFirstUnused = 5;

/// One living child, from the zygote's side.
struct Living {
    pid_t pid;
    Fd process;  // pidfd
    Fd fate;
};

/// A limit that is reported from deep inside has a name and no value (0): here is the one in force.
Failed failed(Error error, const Limits& limits) {
    for_each_field<Limits>([&](const auto& field) {
        if (!error.limit || error.limit->name != field.name || error.limit->value != 0) return;
        error.limit->value = static_cast<double>(limits.*field.member);
    });
    return Failed::from(error);
}

Result<Finished> run_safely(
    const MediaProgram& program, const Assignment& assignment, Inputs& inputs, EventWriter& out
) {
    try {
        return program.run(assignment, inputs, out);
    } catch (const std::bad_alloc&) {
        return Error{
            ErrorKind::kLimitExceeded, "the media needs more memory than there is", "",
            LimitReached{"memory_bytes"}
        };
    } catch (const std::exception& failure) {
        ::dprintf(STDERR_FILENO, "exception: %s\n", failure.what());
    }
    return Error{
        ErrorKind::kTaskCrashed, "the media process failed in a way it did not foresee", ""
    };
}

/// Waits for the assignment; the process ends when the parent is gone or speaks another language.
Assignment receive_assignment(LineReader& parent, std::vector<Fd>& files) {
    for (;;) {
        if (auto line = parent.next_line()) {
            auto assignment = decode_line<Assignment>(*line);
            if (!assignment || files.empty() || files.size() != assignment->inputs.size())
                ::_exit(1);
            return *std::move(assignment);
        }
        const auto received = parent.receive(&files);
        if (!received || *received == LineReader::Received::kEnd) ::_exit(0);
    }
}

/// Only the socket, the folder and a log are left; nothing of the zygote's remains in reach.
void take_places(const std::vector<Fd>& given) {
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    // Above all final places first, so that none overwrites another.
    const int socket = ::fcntl(given[kSocket].get(), F_DUPFD, 64);
    const int folder = ::fcntl(given[kFolder].get(), F_DUPFD, 64);
    const int log = ::fcntl(given[kLog].get(), F_DUPFD, 64);
    const int null = ::fcntl(nothing.get(), F_DUPFD, 64);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::dup2(socket, kChildSocket);
    ::dup2(folder, kChildFolder);
    ::closefrom(kFirstUnused);  // also where close_range is refused; else it aborts
}

[[noreturn]] void live_as_child(
    const MediaProgram& program, const std::vector<Fd>& given, pid_t zygote, WallPlan plan
) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != zygote) ::_exit(0);  // it died before we could ask
    ::setsid();
    take_places(given);
    if (::fchdir(kChildFolder) != 0) ::_exit(1);
    plan.folder = kChildFolder;
    const Layers layers = build_walls(plan);
    ::close(kChildFolder);
    if (!send_all(kChildSocket, encode_line(layers))) ::_exit(0);
    LineReader parent{Fd(kChildSocket)};
    std::vector<Fd> files;
    const Assignment assignment = receive_assignment(parent, files);
    EventWriter events(kChildSocket);
    Questions questions(events, parent);
    Inputs inputs;
    for (std::size_t i = 0; i < files.size(); ++i) {
        inputs.push_back(std::make_unique<ChildSource>(
            files[i].get(), static_cast<int>(i), assignment.inputs[i], questions
        ));
    }
    auto result = run_safely(program, assignment, inputs, events);
    events.send(
        result ? Event(*std::move(result)) : Event(failed(result.error(), assignment.limits))
    );
    ::_exit(0);  // no destructor of any library gets to say a word
}

/// Reaps a child that has ended and tells its parent how.
void bury(const Living& child) {
    siginfo_t facts{};
    constexpr int kLook = WEXITED | WNOWAIT;
    ::waitid(P_PID, static_cast<id_t>(child.pid), &facts, kLook);
    ::kill(-child.pid, SIGKILL);  // its session, in case a wall was missing
    ::waitid(P_PID, static_cast<id_t>(child.pid), &facts, WEXITED);
    Death death;
    (facts.si_code == CLD_EXITED ? death.status : death.signal) = facts.si_status;
    send_message(child.fate.get(), encode_line(death));
}

void give_birth(
    const MediaProgram& program,
    std::vector<Fd> given,
    const WallPlan& plan,
    std::vector<Living>& living
) {
    if (given.size() != kBirthDescriptors) return;
    const pid_t me = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) live_as_child(program, given, me, plan);
    if (pid < 0) return;  // the fate socket closes, which says it
    Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    const int number = process.get();
    send_message(given[kFate].get(), encode_line(Birth{pid}), {&number, 1});
    living.push_back({pid, std::move(process), std::move(given[kFate])});
}

/// Waits until the control socket or a child has news; buries the dead. False when the parent is
/// gone.
bool wait_for_request(std::vector<Living>& living) {
    for (;;) {
        std::vector<pollfd> watched{{kControlSocket, POLLIN, 0}};
        for (const auto& child : living) watched.push_back({child.process.get(), POLLIN, 0});
        if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return false;
        for (std::size_t i = living.size(); i-- > 0;) {
            if (watched[i + 1].revents == 0) continue;
            bury(living[i]);
            living.erase(living.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (watched[0].revents != 0) return true;
    }
}

/// What every child inherits: the kernel kills it first when memory runs out, it has no way to the
/// network, and nobody may look into it.
bool prepare_process(const Hello& hello) {
    const Fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (score && ::write(score.get(), "1000", 4) < 0) ::dprintf(STDERR_FILENO, "oom_score_adj\n");
    ::signal(SIGPIPE, SIG_IGN);
    ::prctl(
        PR_SET_DUMPABLE, 0
    );  // after the score, which one that may not be looked into cannot set
    for (const auto& layer : hello.left_out) {
        if (layer == "namespaces") return false;
    }
    return enter_namespaces();
}

}  // namespace

void EventWriter::send(const Event& event) {
    const MutexLock lock(mutex_);
    if (!send_all(socket_, encode_event(event))) ::_exit(0);
}

int serve_children(const MediaProgram& program) {
    const auto first = receive_message(kControlSocket);
    const auto hello = decode_line<Hello>(first.text);
    if (first.is_end || !hello) {
        ::dprintf(STDERR_FILENO, "ittybit-media is started by ittybit, not by hand\n");
        return 2;
    }
    Greeting greeting{build_id(), ""};
    if (hello->build != greeting.build) greeting.problem = "it is of another build";
    WallPlan plan;
    plan.file_bytes = hello->file_bytes;
    plan.left_out = hello->left_out;
    if (greeting.problem.empty()) {
        plan.has_namespaces = prepare_process(*hello);
        const auto ready = program.initialise();
        if (!ready) greeting.problem = ready.error().message;
    }
    if (!send_message(kControlSocket, encode_line(greeting)) || !greeting.problem.empty()) return 1;
    std::vector<Living> living;
    while (wait_for_request(living)) {
        auto request = receive_message(kControlSocket);
        if (request.is_end) break;
        give_birth(program, std::move(request.descriptors), plan, living);
    }
    ::_exit(0);  // the children follow by their parent-death signal
}

}  // namespace ittybit::sandbox
