#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/fields.h"

/// What the parent and the zygote say to each other over the control socket (SOCK_SEQPACKET, one
/// message a datagram), and the zygote about a child over that child's fate socket.
namespace ittybit::sandbox {

inline constexpr int kControlSocket = 3;  // the zygote's number for it

/// Parent to zygote, first of all.
struct Hello {
    std::string build;
    std::int64_t file_bytes = 0;
    std::vector<std::string> left_out;
    static constexpr auto kFields = Fields{
        Field{&Hello::build, "build", ""}.required(),
        Field{&Hello::file_bytes, "file_bytes", ""}.required(),
        Field{&Hello::left_out, "left_out", ""},
    };
};

/// The zygote's answer once its libraries are initialised.
struct Greeting {
    std::string build;
    std::string problem;  // empty: ready to fork
    static constexpr auto kFields = Fields{
        Field{&Greeting::build, "build", ""}.required(),
        Field{&Greeting::problem, "problem", ""},
    };
};

/// Parent to zygote after that: an empty message with these descriptors asks for one child.
enum BirthDescriptor : std::size_t { kFolder, kSocket, kFate, kLog, kBirthDescriptors };

/// On the fate socket, the pidfd beside the first of them.
struct Birth {
    int pid = 0;
    static constexpr auto kFields = Fields{Field{&Birth::pid, "pid", ""}.required()};
};

/// On the fate socket, once the child is reaped.
struct Death {
    int signal = 0;  // 0: it exited
    int status = 0;
    static constexpr auto kFields =
        Fields{Field{&Death::signal, "signal", ""}, Field{&Death::status, "status", ""}};
};

/// Sends one message with descriptors. False when the other end is gone.
bool send_message(int socket, std::string_view text, std::span<const int> descriptors = {});

/// One message with the descriptors that came with it.
struct Message {
    std::string text;
    std::vector<Fd> descriptors;
    bool is_end = false;  // the other end is gone
};

/// Waits for one message. An error of the socket counts as its end.
Message receive_message(int socket);

}  // namespace ittybit::sandbox
