#include "sandbox/walls.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <limits>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/file_rules.h"
#include "sandbox/system_calls.h"

namespace ittybit::sandbox {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasShadowMemory = true;  // terabytes of address space, hardly any of it used
#else
constexpr bool kHasShadowMemory = false;
#endif

/// Only a backstop: encoders reserve far more than they touch, and one that runs out of addresses
/// may deadlock. Resident memory is what the parent watches.
constexpr rlim_t kAddressSpace = rlim_t{64} << 30U;
constexpr rlim_t kOpenFiles = 64;

bool set_limit(__rlimit_resource_t resource, rlim_t value) {
    const rlimit limit{value, value};
    return ::setrlimit(resource, &limit) == 0;
}

bool set_limits(const WallPlan& plan) {
    ::signal(SIGXFSZ, SIG_IGN);  // a full file is EFBIG, not death
    bool is_set = set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, kOpenFiles) &&
                  set_limit(RLIMIT_FSIZE, static_cast<rlim_t>(plan.file_bytes));
    if (!kHasShadowMemory) is_set = set_limit(RLIMIT_AS, kAddressSpace) && is_set;
    return is_set;
}

/// "landlock-2" is left out as if the kernel knew no newer ABI.
int newest_landlock(const WallPlan& plan) {
    int newest = std::numeric_limits<int>::max();
    for (std::string_view name : plan.left_out) {
        constexpr std::string_view kOlder = "landlock-";
        if (!name.starts_with(kOlder)) continue;
        name.remove_prefix(kOlder.size());
        std::from_chars(name.data(), name.data() + name.size(), newest);
    }
    return newest;
}

bool drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    return ::syscall(SYS_capset, &header, none) == 0;
}

bool drop_privileges() {
    return ::prctl(PR_SET_DUMPABLE, 0) == 0 && drop_capabilities();
}

}  // namespace

std::vector<std::string> Layers::missing() const {
    std::vector<std::string> names;
    if (!namespaces) names.emplace_back("namespaces");
    if (!privileges) names.emplace_back("privileges");
    if (!limits) names.emplace_back("limits");
    if (landlock == 0) names.emplace_back("landlock");
    if (!seccomp) names.emplace_back("seccomp");
    return names;
}

bool enter_namespaces() {
    return ::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0;
}

Layers build_walls(const WallPlan& plan) {
    const auto is_wanted = [&](std::string_view name) {
        return std::ranges::find(plan.left_out, name) == plan.left_out.end();
    };
    Layers layers;
    layers.namespaces = plan.has_namespaces;
    if (is_wanted("privileges")) layers.privileges = drop_privileges();
    // Not a layer of its own: the kernel asks for it before the next two.
    layers.privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && layers.privileges;
    if (is_wanted("limits")) layers.limits = set_limits(plan);
    if (is_wanted("landlock")) layers.landlock = restrict_files(plan.folder, newest_landlock(plan));
    if (is_wanted("seccomp")) layers.seccomp = restrict_system_calls();
    return layers;
}

}  // namespace ittybit::sandbox
