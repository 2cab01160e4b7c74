#include "base/log.h"

#include <atomic>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"

namespace ittybit::log {
namespace {

struct Settings {
    std::atomic<Level> least = Level::kInfo;
    std::atomic<std::optional<Format>> format;
};

Settings& settings() {
    static Settings of_process;
    return of_process;
}

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

void configure(Level least, std::optional<Format> format) {
    settings().least = least;
    settings().format = format;
}

bool is_written(Level level) {
    return level >= settings().least.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, const json::object& facts) {
    if (!is_written(level)) return;
    static const auto kPlace = ::isatty(STDERR_FILENO) == 1 ? Format::kText : Format::kJson;
    const bool is_text = settings().format.load().value_or(kPlace) == Format::kText;
    const auto line = is_text ? for_people(name_of(level), message, facts)
                              : for_machines(name_of(level), message, facts);
    // One write per line, so that lines of several threads do not mix; a full pipe loses a line.
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace ittybit::log
