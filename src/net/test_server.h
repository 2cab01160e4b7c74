#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/thread_safety.h"
#include "net/client.h"

namespace ittybit::net {

/// An HTTP/1.1 server on a loopback port for tests, which does whatever its handler writes to the
/// wire: also what no decent server does. One thread per connection; all end with it.
class TestServer {
public:
    struct Call {
        std::string method;
        std::string target;
        Headers headers;
        std::string body;
    };

    /// The way back to the client.
    class Wire {
    public:
        explicit Wire(int socket) : socket_(socket) {}
        /// False when the client is gone.
        bool send(std::string_view bytes) {
            while (!bytes.empty()) {
                const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (count <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(count));
            }
            return true;
        }
        /// A whole answer; `headers` are lines without line ends.
        bool answer(
            int status, std::string_view body, const std::vector<std::string>& headers = {}
        ) {
            std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
            for (const auto& line : headers) text += line + "\r\n";
            text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
            return send(text + std::string(body));
        }
        /// Ends the connection with a reset instead of a good-bye.
        void reset() {
            const linger now = {.l_onoff = 1, .l_linger = 0};
            ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
        /// Returns when the client has closed the connection, or the server ends.
        void wait_for_close() {
            char byte = 0;
            while (::recv(socket_, &byte, 1, 0) > 0) {
            }
        }

    private:
        int socket_;
    };

    /// False: the connection is closed afterwards.
    using Handler = std::function<bool(const Call&, Wire&)>;

    explicit TestServer(Handler handler) : handler_(std::move(handler)) {
        listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof(address);
        ::bind(listener_.get(), any, size);
        ::listen(listener_.get(), 64);
        ::getsockname(listener_.get(), any, &size);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::jthread([this](const std::stop_token& stop) { accept(stop); });
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;
    ~TestServer() {
        acceptor_.request_stop();
        ::shutdown(listener_.get(), SHUT_RDWR);
        acceptor_.join();
        {
            const MutexLock lock(mutex_);
            for (const auto& socket : sockets_) ::shutdown(socket.get(), SHUT_RDWR);
        }
        threads_.clear();
    }

    int port() const { return port_; }
    std::string text(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    Url url(const std::string& path = "/") const { return *Url::parse(text(path)); }
    int connections() const { return connections_; }
    int calls() const { return calls_; }

private:
    void accept(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!socket) return;
            ++connections_;
            const MutexLock lock(mutex_);
            const int number = socket.get();
            sockets_.push_back(std::move(socket));
            threads_.emplace_back([this, number] { serve(number); });
        }
    }

    void serve(int socket) {
        std::string buffer;
        Wire wire(socket);
        for (;;) {
            Call call;
            if (!read_call(socket, buffer, call)) break;
            ++calls_;
            if (!handler_(call, wire)) break;
        }
        // Closed, not only shut down, so that a reset is one; the destructor finds it gone.
        const MutexLock lock(mutex_);
        std::erase_if(sockets_, [&](const Fd& other) { return other.get() == socket; });
    }

    static bool read_call(int socket, std::string& buffer, Call& call) {
        std::size_t end = std::string::npos;
        while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
            if (!read_more(socket, buffer)) return false;
        }
        const auto lines = split(buffer.substr(0, end), '\n');
        const auto words = split(lines.front().substr(0, lines.front().find('\r')), ' ');
        call.method = words[0];
        call.target = words.size() > 1 ? words[1] : "";
        for (std::size_t i = 1; i < lines.size(); ++i) {
            const auto line = lines[i].substr(0, lines[i].find('\r'));
            const auto colon = line.find(": ");
            if (colon == std::string::npos) continue;
            call.headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
        }
        buffer.erase(0, end + 4);
        return read_body(socket, buffer, call);
    }

    static bool read_body(int socket, std::string& buffer, Call& call) {
        if (header_value(call.headers, "transfer-encoding") == "chunked") {
            for (;;) {
                std::size_t line = std::string::npos;
                while ((line = buffer.find("\r\n")) == std::string::npos) {
                    if (!read_more(socket, buffer)) return false;
                }
                const std::size_t size = std::stoul(buffer.substr(0, line), nullptr, 16);
                while (buffer.size() < line + 2 + size + 2) {
                    if (!read_more(socket, buffer)) return false;
                }
                call.body += buffer.substr(line + 2, size);
                buffer.erase(0, line + 2 + size + 2);
                if (size == 0) return true;
            }
        }
        const std::string length(header_value(call.headers, "content-length"));
        const std::size_t size = length.empty() ? 0 : std::stoul(length);
        while (buffer.size() < size) {
            if (!read_more(socket, buffer)) return false;
        }
        call.body = buffer.substr(0, size);
        buffer.erase(0, size);
        return true;
    }

    static bool read_more(int socket, std::string& buffer) {
        std::string piece(65536, '\0');
        const auto count = ::recv(socket, piece.data(), piece.size(), 0);
        if (count <= 0) return false;
        buffer.append(piece, 0, static_cast<std::size_t>(count));
        return true;
    }

    Handler handler_;
    Fd listener_;
    int port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<int> calls_ = 0;
    Mutex mutex_;
    std::vector<Fd> sockets_ GUARDED_BY(mutex_);
    std::vector<std::jthread> threads_;
    std::jthread acceptor_;
};

/// A client that may reach this machine.
inline Client::Settings loopback_settings() {
    return {.policy = {.allow_private = true}};
}

}  // namespace ittybit::net
