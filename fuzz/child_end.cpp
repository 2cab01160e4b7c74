// The child's end of its socket: an assignment, then answers while it reads its input.
#include <algorithm>
#include <array>

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "sandbox/child_source.h"
#include "sandbox/wire.h"

using namespace ittybit;

namespace {

constexpr std::size_t kInputBytes = 1000;

int input() {
    static const int file = [] {
        const int made = ::memfd_create("input", MFD_CLOEXEC);
        fuzz::must(::ftruncate(made, kInputBytes) == 0);
        return made;
    }();
    return file;
}

void read_input(const Assignment& assignment, std::string_view replies) {
    int ends[2] = {-1, -1};
    fuzz::must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    const Fd parent(ends[1]);
    sandbox::LineReader reader{Fd(ends[0])};
    sandbox::send_all(parent.get(), replies);
    ::shutdown(parent.get(), SHUT_WR);
    sandbox::EventWriter events(reader.get());
    sandbox::Questions questions(events, reader);
    const auto first = assignment.inputs.empty() ? AssignedInput() : assignment.inputs.front();
    sandbox::ChildSource source(input(), 0, first, questions);
    std::array<std::byte, 100> bytes{};
    for (const std::uint64_t offset : {0ULL, 50ULL, 950ULL, 5'000'000ULL, 0ULL, ~0ULL - 50}) {
        const auto count = source.read_at(offset, bytes);
        if (count) fuzz::must(*count <= bytes.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto [line, replies] = fuzz::cut_line(fuzz::text_of(data, size));
    static_cast<void>(decode_line<sandbox::Hello>(line));
    const auto assignment = decode_line<Assignment>(line);
    if (!assignment) return 0;
    auto told = *assignment;
    // Kept as they came; JSON's numbers of more than 15 digits come back with another last one.
    told.options = json::object();
    for (auto& output : told.beside) output.options = json::object();
    const auto copy = decode_line<Assignment>(encode_line(told));
    fuzz::must(copy && encode_line(*copy) == encode_line(told));
    std::vector<OptionProblem> problems;
    if (std::ranges::find(kKinds, assignment->kind) != kKinds.end()) {
        read_operation(assignment->kind, assignment->options, problems);
    }
    read_input(*assignment, replies);
    return 0;
}
