#include "sandbox/system_calls.h"

#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ittybit::sandbox {
namespace {

struct Free {
    void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Free>;

/// Harmless with any arguments: they reach the caller's own memory, threads and descriptors, and
/// the files that Landlock leaves. No file loses its name: what is open and has none would escape
/// the count of what a child has written. Found by running every encoder (x264, x265, SVT-AV1,
/// libvpx, libaom, rav1e) and libvips under a filter that kills.
constexpr std::array kAllowed = {
    // files and descriptors
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "lseek",
    "fstat",
    "newfstatat",
    "stat",
    "lstat",
    "statx",
    "close",
    "access",
    "faccessat",
    "faccessat2",
    "ftruncate",
    "dup",
    "getdents64",
    "fsync",
    "fdatasync",
    "fallocate",
    "fadvise64",
    "getcwd",
    "readlink",
    "readlinkat",
    "pipe2",
    "eventfd2",
    "poll",
    "ppoll",
    "recvmsg",
    // memory
    "munmap",
    "mprotect",
    "mremap",
    "brk",
    "mlock",
    "munlock",
    "get_mempolicy",
    "set_mempolicy",
    "membarrier",
    // threads
    "futex",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_getattr",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "set_tid_address",
    "gettid",
    "getpid",
    "getcpu",
    "getpriority",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "exit",
    "exit_group",
    "restart_syscall",
    // facts
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "getrusage",
    "times",
    "getrandom",
    "uname",
    "sysinfo",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
};

/// fcntl without the commands that make the kernel send signals to other processes.
constexpr std::array kFileCommands = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL,
                                      F_SETFL, F_GETLK,         F_SETLK, F_SETLKW};

/// Memory that the parent sees in the process's resident pages for as long as it is held. Shared
/// memory without a file outlives its pages in the process, huge pages are counted apart, and what
/// was sent to swap is not resident.
void allow_memory(scmp_filter_ctx filter) {
    constexpr scmp_datum_t kUnseen = MAP_SHARED | MAP_HUGETLB;
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, kUnseen, 0)
    );
    ::seccomp_rule_add(  // of a file, whose bytes are counted
        filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
        SCMP_A3(SCMP_CMP_MASKED_EQ, kUnseen | MAP_ANONYMOUS, MAP_SHARED)
    );
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1, SCMP_A2(SCMP_CMP_LT, MADV_COLD)
    );
    // Guards of stacks (MADV_GUARD_INSTALL and _REMOVE), which glibc sets from 2.42 on.
    constexpr scmp_datum_t kGuard = 102;
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
        SCMP_A2(SCMP_CMP_MASKED_EQ, ~scmp_datum_t{1}, kGuard)
    );
}

void allow_conditionally(scmp_filter_ctx filter) {
    // Descriptors are bounded for each table of them: threads share the process's.
    constexpr scmp_datum_t kThread =
        CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS;
    const auto me = static_cast<scmp_datum_t>(::getpid());
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, kThread, kThread)
    );
    // glibc then falls back to clone, whose flags can be seen.
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)
    );
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1, SCMP_A2(SCMP_CMP_EQ, MSG_NOSIGNAL)
    );
    // A file without a name would not be counted.
    constexpr scmp_datum_t kNameless = O_TMPFILE & ~O_DIRECTORY;
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, kNameless, 0)
    );
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, kNameless, 0)
    );
    for (const int command : kFileCommands) {
        ::seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, static_cast<scmp_datum_t>(command))
        );
    }
    // Signals, priorities, affinity, limits: its own only, never the parent's or a sibling's.
    ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, me));
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(setpriority), 2, SCMP_A0(SCMP_CMP_EQ, 0),
        SCMP_A1(SCMP_CMP_EQ, 0)
    );
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(sched_setaffinity), 1, SCMP_A0(SCMP_CMP_EQ, 0)
    );
    ::seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
        SCMP_A2(SCMP_CMP_EQ, 0)
    );
}

}  // namespace

bool restrict_system_calls() {
    const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) return false;
    for (const char* name : kAllowed) {
        const int number = ::seccomp_syscall_resolve_name(name);
        // Not every architecture has every call (open, stat, …).
        if (number >= 0) ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0);
    }
    allow_memory(filter.get());
    allow_conditionally(filter.get());
    return ::seccomp_load(filter.get()) == 0;
}

}  // namespace ittybit::sandbox
