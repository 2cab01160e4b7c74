#pragma once

#include <string_view>

#include "base/json.h"

namespace ittybit::log {

enum class Level { kDebug, kInfo, kWarn, kError };

/// Decides what is written from now on, once, before there are threads. On a terminal lines are
/// for people; elsewhere each is one JSON object with `time`, `level`, `message` and the facts.
void configure(Level least);

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
