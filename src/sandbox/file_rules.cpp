#include "sandbox/file_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

namespace ittybit::sandbox {
namespace {

// The kernel's interface as of ABI 7; Debian 12's header stops at ABI 2.
constexpr std::uint64_t kTruncate = 1ULL << 14U;
constexpr std::uint64_t kNet = 3;     // bind and connect TCP
constexpr std::uint64_t kScoped = 3;  // abstract sockets, signals

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kWorkFiles =
    kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;

struct Ruleset {
    std::uint64_t files;
    std::uint64_t net;
    std::uint64_t scoped;
};

/// What encoders read to learn how many cores and how much memory there is.
constexpr std::array kMachineFacts = {
    "/proc/cpuinfo", "/proc/stat", "/proc/meminfo", "/proc/sys/vm/overcommit_memory",
    "/dev/urandom",  "/dev/null",
};
constexpr std::array kMachineFolders = {"/sys/devices/system/cpu", "/sys/devices/system/node"};

/// All access rights that an ABI knows: what is not named in a rule is denied.
std::uint64_t all_file_rights(int abi) {
    if (abi >= 5) return (1ULL << 16U) - 1;  // device ioctl
    if (abi >= 3) return (1ULL << 15U) - 1;  // truncate
    if (abi >= 2) return (1ULL << 14U) - 1;  // rename between folders
    return (1ULL << 13U) - 1;
}

std::size_t size_of_ruleset(int abi) {
    if (abi >= 6) return sizeof(Ruleset);
    return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

bool allow(int ruleset, int beneath, std::uint64_t rights) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = rights;
    rule.parent_fd = beneath;
    return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

void allow_path(int ruleset, const char* path, std::uint64_t rights) {
    const Fd file(::open(path, O_PATH | O_CLOEXEC));
    if (file) allow(ruleset, file.get(), rights);  // not every machine has every one
}

}  // namespace

int restrict_files(int folder, int newest) {
    const auto known = static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION)
    );
    const int abi = std::min(known, newest);
    if (abi < 1) return 0;
    const Ruleset wanted{all_file_rights(abi), kNet, kScoped};
    const Fd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, size_of_ruleset(abi), 0))
    );
    if (!ruleset) return 0;
    const auto work = abi >= 3 ? kWorkFiles | kTruncate : kWorkFiles;
    if (!allow(ruleset.get(), folder, work)) return 0;
    for (const char* path : kMachineFacts) allow_path(ruleset.get(), path, kReadFile);
    for (const char* path : kMachineFolders) {
        allow_path(ruleset.get(), path, kReadFile | LANDLOCK_ACCESS_FS_READ_DIR);
    }
    return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? abi : 0;
}

}  // namespace ittybit::sandbox
