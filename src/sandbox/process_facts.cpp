#include "sandbox/process_facts.h"

#include <array>
#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

namespace ittybit::sandbox {
namespace {

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::optional<ProcessFacts> process_facts(int pid) {
    const Fd file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 2048> bytes{};
    const auto count = file ? ::read(file.get(), bytes.data(), bytes.size()) : -1;
    if (count <= 0) return std::nullopt;
    const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
    // The name in parentheses is the process's own choice: look behind the last one.
    const auto name_end = text.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    const auto fields = split(text.substr(name_end + 2), ' ');  // proc(5), from field 3 on
    constexpr std::size_t kThreads = 20 - 3;
    constexpr std::size_t kResidentPages = 24 - 3;
    if (fields.size() <= kResidentPages) return std::nullopt;
    return ProcessFacts{
        number(fields[kResidentPages]) * ::sysconf(_SC_PAGESIZE),
        static_cast<int>(number(fields[kThreads]))
    };
}

}  // namespace ittybit::sandbox
