#include "sandbox/advice.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace ittybit::sandbox {
namespace {

/// Lifts a container engine's own filter of system calls; ours, around children, is narrower.
constexpr std::string_view kUnconfined =
    "--security-opt seccomp=unconfined (Kubernetes: seccompProfile.type Unconfined)";

/// What is behind it mostly, and what to do; {} is for kUnconfined.
constexpr std::string_view reason_of(std::string_view layer) {
    if (layer == "namespaces") {
        return "user namespaces are forbidden. In a container: {}, since Docker's filter forbids "
               "them. On the machine: sysctl user.max_user_namespaces above 0, "
               "kernel.unprivileged_userns_clone=1 (Debian), "
               "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)";
    }
    if (layer == "landlock") {
        return "the kernel has no Landlock: Linux 5.13 or newer has, where the lsm= parameter "
               "lists "
               "landlock; or the filter of an old container engine forbids it: {}";
    }
    if (layer == "seccomp") {
        return "the kernel has no filters of system calls (CONFIG_SECCOMP_FILTER), or a container "
               "allows none of one's own: {}";
    }
    if (layer == "privileges") {
        return "capabilities cannot be given up, since a container forbids capset or prctl: {}";
    }
    return "limits cannot be set, since a container forbids prlimit: {}";
}

}  // namespace

json::object advice_on(const Layers& layers) {
    json::object advice;
    for (const auto& name : layers.missing()) {
        advice[name] = fmt::format(fmt::runtime(reason_of(name)), kUnconfined);
    }
    return advice;
}

}  // namespace ittybit::sandbox
