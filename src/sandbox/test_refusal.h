#pragma once

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include <seccomp.h>

namespace ittybit::sandbox {

/// From now on these system calls fail with `error` (an errno) on this thread and on whatever it
/// begins, as where a container forbids them or nothing is left: for tests. Cannot be undone.
inline bool refuse_calls(std::initializer_list<int> calls, std::uint32_t error) {
    const std::unique_ptr<void, void (*)(void*)> filter(
        ::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release
    );
    for (const int call : calls) {
        if (::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(error), call, 0) != 0) return false;
    }
    return ::seccomp_load(filter.get()) == 0;
}

/// The same of new threads: none is left.
inline bool refuse_threads() {
    return refuse_calls({SCMP_SYS(clone), SCMP_SYS(clone3)}, EAGAIN);
}

}  // namespace ittybit::sandbox
