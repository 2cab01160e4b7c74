#include "base/ready.h"

#include <cerrno>

#include <poll.h>

namespace ittybit {

Result<> wait_until_ready(int descriptor, short events, const std::stop_token& stop) {
    constexpr int kGlance = 100;  // ms between two looks at the token
    pollfd watched{descriptor, events, 0};
    while (!stop.stop_requested()) {
        const int ready = ::poll(&watched, 1, kGlance);
        if (ready > 0 || (ready < 0 && errno != EINTR)) return {};
    }
    return Error{ErrorKind::kCancelled, "it was interrupted", ""};
}

}  // namespace ittybit
