#include "sandbox/wire.h"

#include <array>

#include "sandbox/passing.h"

namespace ittybit::sandbox {

bool send_message(int socket, std::string_view text, std::span<const int> descriptors) {
    return send_passing(socket, text, descriptors) >= 0;
}

Message receive_message(int socket) {
    std::array<char, 16384> bytes{};
    Message message;
    const auto count = receive_passing(socket, bytes, &message.descriptors);
    message.is_end = count <= 0;
    if (count > 0) message.text.assign(bytes.data(), static_cast<std::size_t>(count));
    return message;
}

}  // namespace ittybit::sandbox
