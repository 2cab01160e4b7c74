#include "sandbox/watchdog.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ittybit::sandbox {
namespace {

using namespace std::chrono_literals;

/// A process that does nothing for as long as this lives.
class Idler {
public:
    Idler() : pid_(::fork()) {
        if (pid_ == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (pid_ == 0) ::pause();
        process_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    }
    Idler(const Idler&) = delete;
    Idler& operator=(const Idler&) = delete;
    ~Idler() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    int pid() const { return pid_; }
    int process() const { return process_.get(); }

private:
    const pid_t pid_;
    Fd process_;
};

/// Stops this whole process for three seconds, as Ctrl-Z and `docker pause` do.
void stand_still() {
    const pid_t me = ::getpid();
    const pid_t other = ::fork();
    if (other == 0) {
        ::kill(me, SIGSTOP);
        ::sleep(3);
        ::kill(me, SIGCONT);
        ::_exit(0);
    }
    ::waitpid(other, nullptr, 0);
}

/// Whether a pause leaves an idle child alone, and idleness then ends it all the same.
bool is_forgiven_the_pause() {
    const Idler child;
    const auto folder = Workspace::make(testing::TempDir());
    if (!folder) return false;
    Limits limits;
    limits.idle_seconds = 2;
    Watchdog watchdog({child.pid(), child.process(), *folder, 0, limits}, {});
    watchdog.expect_progress();
    stand_still();
    std::this_thread::sleep_for(300ms);
    if (watchdog.verdict()) return false;
    for (int i = 0; i < 200 && !watchdog.verdict(); ++i) std::this_thread::sleep_for(100ms);
    return watchdog.verdict() && watchdog.verdict()->kind == ErrorKind::kTaskTimeout;
}

TEST(WatchdogDeathTest, APauseOfOurOwnIsNotTheChildsIdleness) {
    // In a process of its own, whose parent is none that would notice the stop, as a shell does.
    EXPECT_EXIT(::_exit(is_forgiven_the_pause() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace ittybit::sandbox
