#include "storage/retries.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/pause.h"

namespace ittybit::storage {

Result<> Retries::wait(int failures, const std::stop_token& stop) const {
    std::random_device random;
    const auto longest = pause * (1 << std::clamp(failures - 1, 0, 5));
    std::uniform_int_distribution<std::int64_t> any(0, longest.count());
    ittybit::pause(stop, std::chrono::milliseconds(any(random)));
    if (stop.stop_requested())
        return Error{ErrorKind::kCancelled, "the transfer was cancelled", ""};
    return {};
}

bool may_pass(int status) {
    return status >= 500 || status == 429 || status == 408;
}

}  // namespace ittybit::storage
