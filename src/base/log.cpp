#include "base/log.h"

#include <array>
#include <atomic>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"

namespace ittybit::log {
namespace {

std::atomic<Level> g_least{Level::kInfo};

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};

std::string for_people(std::string_view name, std::string_view message, const json::object& facts) {
    const auto seconds = static_cast<std::time_t>(SystemClock().now() / 1000);
    std::string line = fmt::format("{:%H:%M:%S} {:<5} {}", fmt::localtime(seconds), name, message);
    for (const auto& fact : facts) {
        line += fmt::format("  {}={}", std::string_view(fact.key()), compact_json(fact.value()));
    }
    return line + "\n";
}

std::string for_machines(
    std::string_view name, std::string_view message, const json::object& facts
) {
    json::object line{{"time", SystemClock().now()}, {"level", name}, {"message", message}};
    for (const auto& fact : facts) line[fact.key()] = fact.value();
    return compact_json(line) + "\n";
}

}  // namespace

void configure(Level least) {
    g_least = least;
}

bool is_written(Level level) {
    return level >= g_least.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, const json::object& facts) {
    if (!is_written(level)) return;
    const auto name = kNames.at(static_cast<std::size_t>(level));
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    const auto line =
        is_terminal ? for_people(name, message, facts) : for_machines(name, message, facts);
    // One write per line, so that lines of several threads do not mix; a full pipe loses a line.
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace ittybit::log
