#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace ittybit::api {

/// A client that says exactly what it is told.
class Client {
public:
    explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const void* generic = &address;
        const int code =
            ::connect(socket_.get(), static_cast<const sockaddr*>(generic), sizeof address);
        EXPECT_EQ(code, 0);
    }

    bool send(std::string_view text) {
        return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0;
    }

    /// What comes within this time; ends early when the connection does.
    std::string receive(
        std::chrono::milliseconds time = std::chrono::seconds(10), std::string_view until = "}"
    ) {
        std::string got;
        const auto end = std::chrono::steady_clock::now() + time;
        while (got.find(until) == std::string::npos) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())
                    .count();
            pollfd ready{socket_.get(), POLLIN, 0};
            if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) break;
            char bytes[4096];
            const auto count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
            is_over = count <= 0;
            if (is_over) break;
            got.append(bytes, static_cast<std::size_t>(count));
        }
        return got;
    }

    bool is_over = false;  // the far end closed

    /// Leaves without a word of farewell: unread bytes are thrown away.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.reset();
    }

private:
    Fd socket_;
};

}  // namespace ittybit::api
