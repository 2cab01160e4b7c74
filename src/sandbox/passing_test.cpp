#include "sandbox/passing.h"

#include <array>
#include <cerrno>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ittybit::sandbox {
namespace {

struct Ends {
    Fd ours;
    Fd theirs;
};

Ends make_ends() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {Fd(ends[0]), Fd(ends[1])};
}

TEST(Passing, AsManyDescriptorsArriveAsWereSent) {
    const Ends ends = make_ends();
    for (std::size_t count = 1; count <= kMostDescriptors; ++count) {
        const std::vector descriptors(count, STDOUT_FILENO);
        ASSERT_EQ(send_passing(ends.ours.get(), "x", descriptors), 1) << count;
        std::array<char, 8> bytes{};
        std::vector<Fd> received;
        ASSERT_EQ(receive_passing(ends.theirs.get(), bytes, &received), 1);
        EXPECT_EQ(received.size(), count);
    }
}

TEST(Passing, MoreDescriptorsThanAMessageHoldsAreRefused) {
    const Ends ends = make_ends();
    const std::vector descriptors(kMostDescriptors + 1, STDOUT_FILENO);
    EXPECT_EQ(send_passing(ends.ours.get(), "x", descriptors), -1);
    EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace ittybit::sandbox
