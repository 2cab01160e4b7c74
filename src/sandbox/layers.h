#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"

/// Child processes that handle media: how they are born, walled in, watched and ended. Linked by
/// both executables; knows no codec and no credential.
namespace ittybit::sandbox {

/// The walls in force around a child, as it found them when it built them. A machine that lacks one
/// (an old kernel, a container that forbids it) still works, and says so.
struct Layers {
    bool namespaces = false;  // user, network and IPC namespaces of its own
    bool privileges = false;  // no_new_privs, not dumpable, no capabilities
    bool limits = false;      // descriptors, file size, address space, core dumps
    int landlock = 0;         // ABI in force; 0: none
    bool seccomp = false;     // system calls by allow-list

    static constexpr auto kFields = Fields{
        Field{&Layers::namespaces, "namespaces", "No network, no shared memory with others."},
        Field{&Layers::privileges, "privileges", "No way to gain privileges."},
        Field{&Layers::limits, "limits", "Descriptors, file size, address space, core dumps."},
        Field{&Layers::landlock, "landlock", "ABI of the file access rules; 0 is none."},
        Field{&Layers::seccomp, "seccomp", "System calls by allow-list."},
    };

    /// The names of the layers that are missing; empty when all stand.
    std::vector<std::string> missing() const;
};

/// The names by which a layer can be left out, to test how its absence is survived; `landlock-N`
/// stands for a kernel that knows no ABI beyond N.
inline constexpr std::string_view kLayerNames[] = {
    "namespaces", "privileges", "limits", "landlock", "seccomp"
};

}  // namespace ittybit::sandbox
