#include "sandbox/attacks_test.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/line_reader.h"
#include "sandbox/passing.h"

namespace ittybit::sandbox {
namespace {

constexpr int kSocketToParent = 3;

std::string outcome(long result) {
    if (result >= 0) return "allowed";
    const char* name = ::strerrorname_np(errno);
    return name != nullptr ? name : "?";
}

long try_open(const std::string& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
    return file;
}

long try_connect(int family, int type, int port) {
    const int socket = ::socket(family, type | SOCK_CLOEXEC, 0);
    if (socket < 0) return socket;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const long result =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::close(socket);
    return result;
}

long try_fork() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    return pid;
}

long try_exec() {
    char name[] = "/bin/true";
    char* arguments[] = {name, nullptr};
    return ::execve(name, arguments, nullptr);  // where it works, nobody reports the attempts
}

long try_many_files() {
    std::vector<int> files;
    long last = 0;
    while (files.size() < 200 && (last = ::open("many", O_CREAT | O_RDWR, 0600)) >= 0) {
        files.push_back(static_cast<int>(last));
    }
    const int error = errno;
    for (const int file : files) ::close(file);
    errno = error;
    return last;
}

long try_long_file() {
    const int file = ::open("long", O_CREAT | O_RDWR, 0600);
    const long result = ::ftruncate(file, 1LL << 40);
    const int error = errno;
    ::close(file);
    errno = error;
    return result;
}

long try_raise_limit() {
    const rlimit more{1UL << 41U, 1UL << 41U};
    return ::setrlimit(RLIMIT_FSIZE, &more);
}

long try_read_memory(pid_t of) {
    char byte = 0;
    iovec here{&byte, 1};
    iovec there{&byte, 1};
    return ::process_vm_readv(of, &here, 1, &there, 1, 0);
}

long try_signal_by_socket(pid_t whom) {
    return ::fcntl(kSocketToParent, F_SETOWN, whom);
}

long try_thread_apart() {
    static std::array<char, 1U << 16U> stack{};
    constexpr int kFlags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
    return ::clone([](void*) { return 0; }, stack.data() + stack.size(), kFlags, nullptr);
}

int open_descriptors() {
    constexpr int kMost = 1024;
    int count = 0;
    for (int i = kSocketToParent + 1; i < kMost; ++i) count += ::fcntl(i, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

/// Memory that its resident pages would not tell of.
void attempt_unseen_memory(const std::function<void(const char*, long)>& note) {
    constexpr std::size_t kSize = 4096;
    const auto map = [](int flags) -> long {
        constexpr int kMode = PROT_READ | PROT_WRITE;
        return ::mmap(nullptr, kSize, kMode, flags | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
    };
    note("shared memory without a file", map(MAP_SHARED));
    note("huge pages", map(MAP_PRIVATE | MAP_HUGETLB));
    note("memory as a file", ::memfd_create("x", 0));
    alignas(kSize) static std::array<char, kSize> page{};
    note("memory sent to swap", ::madvise(page.data(), page.size(), MADV_PAGEOUT));
    note(
        "memory sent to swap by a longer word",
        ::syscall(SYS_madvise, page.data(), page.size(), (1UL << 32U) + MADV_PAGEOUT)
    );
}

std::string own_network() {
    char name[64]{};
    const auto length = ::readlink("/proc/self/ns/net", name, sizeof name - 1);
    return length > 0 ? name : "unknown";
}

int number_at(const json::value& options, std::string_view name) {
    return static_cast<int>(options.get_object().at(name).to_number<std::int64_t>());
}

/// The deeds that return, each with its outcome.
json::object attempts(const json::value& options) {
    json::object done;
    const auto outside = string_at(options, "outside");  // a folder that is not the child's
    const auto canary = outside + "/canary";
    const pid_t parent = number_at(options, "parent");
    const int port = number_at(options, "port");
    const pid_t sibling = number_at(options, "sibling");
    const auto socket_of_sibling = "/proc/" + std::to_string(sibling) + "/fd/3";
    done["descriptors beside the socket"] = std::to_string(open_descriptors());
    if (::open("mine", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0) return {{"mine", "not made"}};
    const auto note = [&](const char* name, long result) { done[name] = outcome(result); };
    note("read /etc/passwd", try_open("/etc/passwd", O_RDONLY));
    note("read another folder", try_open(canary, O_RDONLY));
    note("write another file", try_open(canary, O_WRONLY));
    note("empty another file", ::truncate(canary.c_str(), 0));
    note("make a file outside", try_open(outside + "/made", O_CREAT | O_WRONLY));
    note("list the parent folder", try_open("..", O_RDONLY | O_DIRECTORY));
    note("read its own memory file", try_open("/proc/self/mem", O_RDONLY));
    note("rename out", ::rename("mine", (outside + "/renamed").c_str()));
    note("rename a file", ::rename("mine", "renamed"));
    note("remove a file", ::unlink("mine"));
    note("a file without a name", try_open(".", O_TMPFILE | O_RDWR));
    note("link out", ::link("mine", (outside + "/linked").c_str()));
    note("make a symbolic link", ::symlink("/etc/passwd", "link"));
    note("make a folder", ::mkdir("folder", 0700));
    note("change the mode of a file", ::chmod("mine", 0777));
    note("connect by TCP", try_connect(AF_INET, SOCK_STREAM, port));
    note("connect by UDP", try_connect(AF_INET, SOCK_DGRAM, port));
    note("a unix socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
    note("an urgent byte", send_passing(kSocketToParent, "!", {}, MSG_OOB));
    note("a netlink socket", ::socket(AF_NETLINK, SOCK_RAW, 0));
    note("fork", try_fork());
    note("a thread with descriptors of its own", try_thread_apart());
    note("run a program", try_exec());
    note("signal a sibling", ::kill(sibling, 0));
    note("trace a sibling", ::ptrace(PTRACE_ATTACH, sibling, nullptr, nullptr));
    note("read a sibling's file", try_open(string_at(options, "sibling_file"), O_RDONLY));
    note("write a sibling's file", try_open(string_at(options, "sibling_file"), O_WRONLY));
    note("write to a sibling's socket", try_open(socket_of_sibling, O_WRONLY));
    note("signal the parent", ::kill(parent, 0));
    note("signal the zygote", ::kill(::getppid(), 0));
    note("signal a thread of the parent", ::syscall(SYS_tgkill, parent, parent, 0));
    note("signal the parent by a socket", try_signal_by_socket(parent));
    note("slow the parent down", ::setpriority(PRIO_PROCESS, static_cast<id_t>(parent), 19));
    note("trace the parent", ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr));
    note("read the parent's memory", try_read_memory(parent));
    note("a handle of the parent", ::syscall(SYS_pidfd_open, parent, 0));
    note("new namespaces", ::unshare(CLONE_NEWUSER));
    attempt_unseen_memory(note);
    note("io_uring", ::syscall(SYS_io_uring_setup, 1, nullptr));
    note("bpf", ::syscall(SYS_bpf, 0, nullptr, 0));
    note("perf events", ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0));
    note("the kernel's keys", ::syscall(SYS_keyctl, 0, -3, 0));
    note("become dumpable", ::prctl(PR_SET_DUMPABLE, 1));
    note("raise a limit", try_raise_limit());
    note("200 open files", try_many_files());
    note("a file of a terabyte", try_long_file());
    done["the host's network"] =
        own_network() == string_at(options, "network") ? "allowed" : "another";
    return done;
}

[[noreturn]] void sleep_for_ever() {
    for (;;) ::pause();
}

void fill_memory() {
    for (;;) {
        constexpr std::size_t kPiece = 16U << 20U;
        auto* piece = static_cast<char*>(std::malloc(kPiece));
        if (piece != nullptr) std::memset(piece, 1, kPiece);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void fill_disk() {
    const int file = ::open("big", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const std::vector<char> piece(1U << 20U, 'x');
    while (::write(file, piece.data(), piece.size()) > 0) {
        // Slower than the parent looks, so that it sees the growth before the kernel's own bound.
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
    }
}

void fill_disk_quickly() {
    const std::vector<char> piece(4U << 20U, 'x');
    for (int i = 0;; ++i) {
        const auto name = "big" + std::to_string(i);
        const int file = ::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (::write(file, piece.data(), piece.size()) < 0) return;
        ::close(file);
    }
}

void print_a_gigabyte() {
    const std::vector<char> piece(1U << 20U, 'x');
    for (int i = 0; i < 1024; ++i) {
        if (::write(STDOUT_FILENO, piece.data(), piece.size()) < 0) return;
        if (::write(STDERR_FILENO, piece.data(), piece.size()) < 0) return;  // nobody reads on
    }
}

void say(std::string_view text) {
    send_all(kSocketToParent, text);
}

/// The deeds that do not come back, or come back with nothing to tell.
void act(const std::string& name, EventWriter& events) {
    std::vector<std::thread> threads;
    if (name == "sleep") sleep_for_ever();
    if (name == "fill memory") fill_memory();
    if (name == "fill disk") fill_disk();
    if (name == "fill disk quickly") fill_disk_quickly();
    if (name == "print") print_a_gigabyte();
    if (name == "allocate") throw std::bad_alloc();
    if (name == "exit") ::_exit(0);
    if (name == "abort") std::abort();
    if (name == "crash") ::raise(SIGSEGV);
    if (name == "ignore signals") {
        for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_IGN);
        events.send(Progress{1, {}, {}});
        sleep_for_ever();
    }
    if (name == "make threads") {
        for (int i = 0; i < 100; ++i) threads.emplace_back(sleep_for_ever);
        sleep_for_ever();
    }
    if (name == "progress for ever") {
        for (;;) {
            events.send(Progress{50, {}, {}});
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    if (name == "flood") {
        for (;;) events.send(Progress{50, {}, {}});
    }
    if (name == "break off") {
        ::close(kSocketToParent);
        sleep_for_ever();
    }
    if (name == "urgent byte") {
        send_passing(kSocketToParent, "!", {}, MSG_OOB);
        sleep_for_ever();
    }
    if (name == "ask twice") {
        events.send(Need{0, 0, 1});
        events.send(Need{0, 0, 1});
        sleep_for_ever();
    }
    if (name == "never read") {
        for (;;) events.send(Need{0, 0, 1});
    }
    if (name == "no json") say("{\"event\":\"progr\n");
    if (name == "no event") say("{\"event\":\"pwned\"}\n");
    if (name == "deep json") say(std::string(100000, '[') + "\n");
    if (name == "wrong type") say("{\"event\":\"file_ready\",\"name\":7,\"size\":\"x\"}\n");
    if (name == "negative size") say("{\"event\":\"file_ready\",\"name\":\"a\",\"size\":-1}\n");
    if (name == "endless line") {
        for (;;) say(std::string(65536, 'x'));
    }
}

}  // namespace

Result<Finished> attack(const Assignment& assignment, Inputs& inputs, EventWriter& events) {
    Finished finished;
    finished.file.kind = "video";
    finished.file.format = "mp4";
    const auto name = string_at(assignment.options, "act");
    if (name == "attempts") {
        finished.plan = attempts(assignment.options);
    } else if (name == "read") {
        json::array texts;
        for (const auto& input : inputs) {
            std::vector<std::byte> bytes(1U << 16U);
            std::string text;
            for (;;) {
                const auto count = TRY(input->read_at(text.size(), bytes));
                if (count == 0) break;
                text.append(reinterpret_cast<const char*>(bytes.data()), count);
            }
            texts.push_back(json::string(text));
        }
        finished.plan = std::move(texts);
    } else {
        act(name, events);
    }
    return finished;
}

}  // namespace ittybit::sandbox
