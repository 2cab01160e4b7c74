#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/limits.h"
#include "sandbox/layers.h"

namespace ittybit::sandbox {

/// Enters namespaces of its own and gives up every capability: done once by the zygote, its
/// children are born inside. Best effort; says whether it stands. One thread only.
bool enter_namespaces();

/// What a child's walls depend on.
struct WallPlan {
    int folder = -1;  // the one folder it may use
    std::int64_t file_bytes = 0;
    std::vector<std::string> left_out;
    bool has_namespaces = false;
};

/// Shuts the calling process in: its folder as its only files, no sockets, no processes, no
/// privileges, finite resources. Nothing can be undone. One thread only.
Layers build_walls(const WallPlan& plan);

}  // namespace ittybit::sandbox
