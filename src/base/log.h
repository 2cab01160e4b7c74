#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/names.h"

namespace ittybit::log {

enum class Level { kDebug, kInfo, kWarn, kError };
constexpr auto names(Level) {
    return std::array{
        Name{Level::kDebug, "debug", "every request, and what helps to find a fault"},
        Name{Level::kInfo, "info", "each change of a job, and requests that change something"},
        Name{Level::kWarn, "warn", "what an operator should know of"},
        Name{Level::kError, "error", "what went wrong"},
    };
}

enum class Format { kText, kJson };
constexpr auto names(Format) {
    return std::array{
        Name{Format::kText, "text", "lines for people"},
        Name{Format::kJson, "json", "a JSON object a line"},
    };
}

/// Decides what is written from now on, and how: without a format for people on a terminal;
/// elsewhere each line is a JSON object with `time`, `level`, `message` and the facts. From any
/// thread.
void configure(Level least, std::optional<Format> format = std::nullopt);

/// Whether lines of this level are written, for those to whom their facts cost something.
bool is_written(Level level);

/// Writes one line to standard error. Facts never hold a secret or a URL's query string.
void write(Level level, std::string_view message, const json::object& facts = {});

inline void debug(std::string_view message, const json::object& facts = {}) {
    write(Level::kDebug, message, facts);
}
inline void info(std::string_view message, const json::object& facts = {}) {
    write(Level::kInfo, message, facts);
}
inline void warn(std::string_view message, const json::object& facts = {}) {
    write(Level::kWarn, message, facts);
}
inline void error(std::string_view message, const json::object& facts = {}) {
    write(Level::kError, message, facts);
}

}  // namespace ittybit::log
