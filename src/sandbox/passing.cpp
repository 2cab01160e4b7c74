#include "sandbox/passing.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace ittybit::sandbox {
namespace {

struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> bytes{};
};

void detach(msghdr& message, std::vector<Fd>& descriptors) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
            descriptors.emplace_back(number);
        }
    }
}

}  // namespace

ssize_t send_passing(
    int socket, std::string_view bytes, std::span<const int> descriptors, int flags
) {
    if (descriptors.size() > kMostDescriptors) {
        errno = EINVAL;
        return -1;
    }
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    Control control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
    }
    for (;;) {
        const auto count = ::sendmsg(socket, &message, MSG_NOSIGNAL | flags);
        if (count >= 0 || errno != EINTR) return count;
    }
}

ssize_t receive_passing(int socket, std::span<char> bytes, std::vector<Fd>* descriptors) {
    iovec piece{bytes.data(), bytes.size()};
    Control control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (descriptors != nullptr) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = control.bytes.size();
    }
    ssize_t count = 0;
    do {
        count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count >= 0 && descriptors != nullptr) detach(message, *descriptors);
    return count;
}

}  // namespace ittybit::sandbox
