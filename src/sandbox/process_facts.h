#pragma once

#include <cstdint>
#include <optional>

namespace ittybit::sandbox {

/// What a living process uses, from /proc.
struct ProcessFacts {
    std::int64_t resident_bytes = 0;
    int threads = 0;
};

/// Nothing when the process is gone.
std::optional<ProcessFacts> process_facts(int pid);

}  // namespace ittybit::sandbox
