#include "base/disk.h"

#include <algorithm>
#include <limits>

#include <sys/statvfs.h>

namespace ittybit {

std::int64_t room_on_disk(const std::string& folder, std::int64_t keep) {
    struct statvfs disk{};
    // What cannot be asked is no obstacle: a write says itself when there is no room.
    if (::statvfs(folder.c_str(), &disk) != 0) return std::numeric_limits<std::int64_t>::max();
    const auto block = static_cast<std::int64_t>(disk.f_frsize);
    const auto all = static_cast<std::int64_t>(disk.f_blocks) * block;
    const auto free = static_cast<std::int64_t>(disk.f_bavail) * block;
    return free - std::min(keep, all / 10);
}

}  // namespace ittybit
