#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"

namespace ittybit::sandbox {

inline constexpr std::size_t kMostDescriptors = 32;  // of one message

/// sendmsg with descriptors beside the bytes: how many bytes were taken, -1 with errno. Restarted
/// when a signal interrupts; never raises SIGPIPE. More than kMostDescriptors are EINVAL. `flags`:
/// MSG_DONTWAIT.
ssize_t send_passing(
    int socket, std::string_view bytes, std::span<const int> descriptors, int flags = 0
);

/// recvmsg: how many bytes came, 0 at the end, -1 with errno. Descriptors are appended to
/// `descriptors`; without it the kernel closes them.
ssize_t receive_passing(int socket, std::span<char> bytes, std::vector<Fd>* descriptors);

}  // namespace ittybit::sandbox
