// The parent's end of a child's socket: bytes of a process that may be hostile.
#include <sys/socket.h>

#include "fuzz.h"
#include "model/protocol.h"
#include "sandbox/layers.h"
#include "sandbox/line_reader.h"
#include "sandbox/workspace.h"

using namespace ittybit;

namespace {

void read_event(const std::string& line) {
    const auto event = decode_event(line);
    if (!event) {
        fuzz::must(event.error().kind == ErrorKind::kTaskCrashed);
        return;
    }
    const auto again = decode_event(encode_event(*event));
    fuzz::must(again && encode_event(*again) == encode_event(*event));
    if (const auto* ready = std::get_if<FileReady>(&*event)) fuzz::must(ready->size >= 0);
    if (const auto* grown = std::get_if<FileGrown>(&*event)) {
        static_cast<void>(sandbox::is_flat_name(grown->name));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    int ends[2] = {-1, -1};
    fuzz::must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    sandbox::LineReader reader{Fd(ends[0])};
    {
        const Fd child(ends[1]);
        sandbox::send_all(child.get(), fuzz::text_of(data, size));
    }
    for (;;) {
        while (const auto line = reader.next_line()) {
            read_event(*line);
            static_cast<void>(decode_line<sandbox::Layers>(*line));
        }
        const auto received = reader.receive();
        if (!received || *received == sandbox::LineReader::Received::kEnd) return 0;
    }
}
